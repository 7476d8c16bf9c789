// SPDX-License-Identifier: GPL-2.0
/* The module, and the commands that drive the cards; README.md describes them. */

#include <linux/ctype.h>
#include <linux/module.h>

#include "control.h"
#include "dpusim.h"
#include "portwords.h"

/* Guarded by sim_lock. */
static LIST_HEAD(dpusim_cards);

static bool dpusim_device_name_valid(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (!isalnum(*c) && !strchr(".:_-", *c))
			return false;
	return *name && strcmp(name, ".") && strcmp(name, "..") && c - name < 32;
}

static struct dpusim_card *dpusim_card_find(const char *name)
{
	struct dpusim_card *card;

	list_for_each_entry(card, &dpusim_cards, list)
		if (!strcmp(dev_name(&card->pdev->dev), name))
			return card;
	return NULL;
}

static struct dpusim_card *dpusim_card_word(char **line)
{
	char *name = sim_word(line);
	struct dpusim_card *card;

	if (!name)
		return ERR_PTR(sim_fail(-EINVAL, "the name of a device is missing"));
	card = dpusim_card_find(name);
	if (!card)
		return ERR_PTR(sim_fail(-ENODEV, "there is no device %s", name));
	return card;
}

/* The card that another is to be a part of, by name. */
static int dpusim_on_parse(const char *name, struct dpusim_card **on)
{
	*on = dpusim_card_find(name);
	if (!*on)
		return sim_fail(-ENODEV, "there is no device %s", name);
	if ((*on)->on)
		return sim_fail(-EINVAL, "device %s is a part itself", name);
	return 0;
}

/* Removes a card, and before that its parts: their netdevs stand on its device. */
static void dpusim_card_remove(struct dpusim_card *card)
{
	struct dpusim_card *part, *next;

	list_for_each_entry_safe(part, next, &dpusim_cards, list)
		if (part->on == card)
			dpusim_card_del(part);
	dpusim_card_del(card);
}

/* dev add NAME [serial=S] [mode=switchdev|legacy], or dev add NAME on=CARD */
static int dpusim_dev_add(char *line)
{
	u16 mode = DEVLINK_ESWITCH_MODE_SWITCHDEV;
	char serial[DPUSIM_SERIAL_LEN] = "";
	struct dpusim_card *card, *on = NULL;
	char *name = sim_word(&line);
	char *key, *value;
	int err;

	if (!name || !dpusim_device_name_valid(name))
		return sim_fail(-EINVAL, "a device is named with 1 to 31 of A-Z a-z 0-9 . : _ -");
	while ((err = sim_option(&line, &key, &value))) {
		if (err < 0)
			return err;
		if (!strcmp(key, "serial"))
			err = dpusim_serial_parse(value, serial);
		else if (!strcmp(key, "mode"))
			err = dpusim_mode_parse(value, &mode);
		else if (!strcmp(key, "on"))
			err = dpusim_on_parse(value, &on);
		else
			err = sim_fail(-EINVAL, "a device has no %s", key);
		if (err)
			return err;
	}
	if (on && (serial[0] || mode != DEVLINK_ESWITCH_MODE_SWITCHDEV))
		return sim_fail(-EINVAL, "a part has neither a serial nor a mode");
	card = dpusim_card_add(name, serial, mode, on);
	if (IS_ERR(card))
		return PTR_ERR(card);
	list_add_tail(&card->list, &dpusim_cards);
	return 0;
}

static int dpusim_dev_del(char *line)
{
	struct dpusim_card *card = dpusim_card_word(&line);
	int err;

	if (IS_ERR(card))
		return PTR_ERR(card);
	err = sim_end(line);
	if (!err)
		dpusim_card_remove(card);
	return err;
}

/* dev hang NAME MS */
static int dpusim_dev_hang(char *line)
{
	struct dpusim_card *card = dpusim_card_word(&line);
	unsigned int ms;
	char *word;
	int err;

	if (IS_ERR(card))
		return PTR_ERR(card);
	word = sim_word(&line);
	if (!word || kstrtouint(word, 10, &ms) || ms > 100000)
		return sim_fail(-EINVAL, "a device hangs for 0 to 100000 ms");
	err = sim_end(line);
	if (!err)
		err = dpusim_card_hang(card, ms);
	return err == -EBUSY ? sim_fail(err, "it hangs already") : err;
}

/* serial NAME [SERIAL]: to the end of the line, so that it may hold spaces */
static int dpusim_serial(char *line)
{
	struct dpusim_card *card = dpusim_card_word(&line);
	char serial[DPUSIM_SERIAL_LEN];
	int err;

	if (IS_ERR(card))
		return PTR_ERR(card);
	err = dpusim_serial_parse(line ?: "", serial);
	if (err)
		return err;
	devl_lock(card->devlink);
	strscpy(card->board_serial, serial, sizeof(card->board_serial));
	devl_unlock(card->devlink);
	return 0;
}

static int dpusim_port_command(const char *verb, char *line)
{
	struct dpusim_card *card = dpusim_card_word(&line);
	struct dpusim_port *port;
	u32 index;
	int err;

	if (IS_ERR(card))
		return PTR_ERR(card);
	err = dpusim_index_word(&line, &index);
	if (err)
		return err;
	devl_lock(card->devlink);
	if (!strcmp(verb, "add")) {
		err = dpusim_cmd_port_add(card, index, line);
	} else {
		port = dpusim_port_find(card, index);
		err = port ? dpusim_cmd_port(verb, port, line) :
			     sim_fail(-ENOENT, "the device has no port %u", index);
	}
	devl_unlock(card->devlink);
	return err;
}

static void dpusim_reset(void)
{
	while (!list_empty(&dpusim_cards))
		dpusim_card_remove(list_first_entry(&dpusim_cards, struct dpusim_card, list));
}

static int dpusim_command(char *line)
{
	char *object = sim_word(&line);
	char *verb;
	int err;

	if (!strcmp(object, "serial"))
		return dpusim_serial(line);
	if (!strcmp(object, "reset")) {
		err = sim_end(line);
		if (!err)
			dpusim_reset();
		return err;
	}
	verb = sim_word(&line) ?: "";
	if (!strcmp(object, "dev") && !strcmp(verb, "add"))
		return dpusim_dev_add(line);
	if (!strcmp(object, "dev") && !strcmp(verb, "del"))
		return dpusim_dev_del(line);
	if (!strcmp(object, "dev") && !strcmp(verb, "hang"))
		return dpusim_dev_hang(line);
	if (!strcmp(object, "port"))
		return dpusim_port_command(verb, line);
	return sim_fail(-EINVAL, "there is no command %s %s", object, verb);
}

static int __init dpusim_module_init(void)
{
	int err = dpusim_driver_register();

	if (err)
		return err;
	sim_control_create(DPUSIM_NAME, dpusim_command);
	return 0;
}

static void __exit dpusim_module_exit(void)
{
	sim_control_remove();
	mutex_lock(&sim_lock);
	dpusim_reset();
	mutex_unlock(&sim_lock);
	dpusim_driver_unregister();
}

module_init(dpusim_module_init);
module_exit(dpusim_module_exit);
MODULE_DESCRIPTION("A simulated SmartNIC eswitch with devlink ports and representors");
MODULE_LICENSE("GPL");
