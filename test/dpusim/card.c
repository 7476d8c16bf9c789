// SPDX-License-Identifier: GPL-2.0
/* The card: its device, and what devlink says of it and does to it as a whole. */

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "dpusim.h"

/* Handed to the driver with the device. */
struct dpusim_config {
	char board_serial[DPUSIM_SERIAL_LEN];
	u16 eswitch_mode;
	struct dpusim_card *on;
};

static int dpusim_info_get(struct devlink *devlink, struct devlink_info_req *req,
			   struct netlink_ext_ack *extack)
{
	struct dpusim_card *card = devlink_priv(devlink);
	char serial[32];
	int err;

#if !DPUSIM_CORE_NAMES_DRIVER
	err = devlink_info_driver_name_put(req, DPUSIM_NAME);
	if (err)
		return err;
#endif
	/* Most drivers put something here that isn't the number printed on the card. */
	snprintf(serial, sizeof(serial), "e4397f87-%*phN", card->switch_id.id_len,
		 card->switch_id.id);
	err = devlink_info_serial_number_put(req, serial);
	if (err || !card->board_serial[0])
		return err;
	return devlink_info_board_serial_number_put(req, card->board_serial);
}

static int dpusim_eswitch_mode_get(struct devlink *devlink, u16 *mode)
{
	struct dpusim_card *card = devlink_priv(devlink);

	*mode = card->eswitch_mode;
	return 0;
}

static int dpusim_eswitch_mode_set(struct devlink *devlink, u16 mode,
				   struct netlink_ext_ack *extack)
{
	struct dpusim_card *card = devlink_priv(devlink);
	u16 before = card->eswitch_mode;
	int err;

	if (mode != DEVLINK_ESWITCH_MODE_LEGACY && mode != DEVLINK_ESWITCH_MODE_SWITCHDEV)
		return -EOPNOTSUPP;
	card->eswitch_mode = mode;
	dpusim_ports_hide(card);
	err = dpusim_ports_show(card);
	if (err) {
		NL_SET_ERR_MSG(extack, "Not all ports could be created: is a netdev's name taken?");
		card->eswitch_mode = before;
		dpusim_ports_hide(card);
	}
	return err;
}

static int dpusim_reload_down(struct devlink *devlink, bool netns_change,
			      enum devlink_reload_action action, enum devlink_reload_limit limit,
			      struct netlink_ext_ack *extack)
{
	struct dpusim_card *card = devlink_priv(devlink);

	if (netns_change) {
		NL_SET_ERR_MSG(extack, "A card stays in its network namespace");
		return -EOPNOTSUPP;
	}
	card->running = false;
	dpusim_ports_hide(card);
	return 0;
}

static int dpusim_reload_up(struct devlink *devlink, enum devlink_reload_action action,
			    enum devlink_reload_limit limit, u32 *actions_performed,
			    struct netlink_ext_ack *extack)
{
	struct dpusim_card *card = devlink_priv(devlink);
	int err;

	*actions_performed = BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT);
	card->running = true;
	err = dpusim_ports_show(card);
	if (err)
		NL_SET_ERR_MSG(extack, "Not all ports could be created: is a netdev's name taken?");
	return err;
}

static const struct devlink_ops dpusim_devlink_ops = {
	.info_get			= dpusim_info_get,
	.eswitch_mode_get		= dpusim_eswitch_mode_get,
	.eswitch_mode_set		= dpusim_eswitch_mode_set,
	.reload_actions			= BIT(DEVLINK_RELOAD_ACTION_DRIVER_REINIT),
	.reload_down			= dpusim_reload_down,
	.reload_up			= dpusim_reload_up,
	.port_new			= dpusim_sf_new,
#if !DPUSIM_PORT_HAS_OPS
	.port_del			= dpusim_sf_del,
	.port_type_set			= dpusim_port_type_set,
	.port_function_hw_addr_get	= dpusim_fn_hw_addr_get,
	.port_function_hw_addr_set	= dpusim_fn_hw_addr_set,
	.port_fn_state_get		= dpusim_fn_state_get,
	.port_fn_state_set		= dpusim_fn_state_set,
#endif
};

/* A part has ports and nothing else: no eswitch, no reload, nothing to tell of itself. */
static const struct devlink_ops dpusim_part_ops = {
#if !DPUSIM_PORT_HAS_OPS
	.port_type_set			= dpusim_port_type_set,
	.port_function_hw_addr_get	= dpusim_fn_hw_addr_get,
	.port_function_hw_addr_set	= dpusim_fn_hw_addr_set,
	.port_fn_state_get		= dpusim_fn_state_get,
	.port_fn_state_set		= dpusim_fn_state_set,
#endif
};

static void dpusim_hang(struct work_struct *work)
{
	struct dpusim_card *card = container_of(work, struct dpusim_card, hang);

	devl_lock(card->devlink);
	complete(&card->hangs);
	msleep(card->hang_ms);
	devl_unlock(card->devlink);
}

/* Returns when all that asks devlink for the card hangs. */
int dpusim_card_hang(struct dpusim_card *card, unsigned int ms)
{
	if (work_busy(&card->hang))
		return -EBUSY;
	card->hang_ms = ms;
	reinit_completion(&card->hangs);
	queue_work(dpusim_workqueue, &card->hang);
	wait_for_completion(&card->hangs);
	return 0;
}

static int dpusim_probe(struct platform_device *pdev)
{
	const struct dpusim_config *config = dev_get_platdata(&pdev->dev);
	struct dpusim_card *card;
	struct devlink *devlink;
	static u32 last_id; /* probing is serialised by sim_lock */

	devlink = devlink_alloc(config->on ? &dpusim_part_ops : &dpusim_devlink_ops, sizeof(*card),
				&pdev->dev);
	if (!devlink)
		return -ENOMEM;
	card = devlink_priv(devlink);
	INIT_LIST_HEAD(&card->list);
	INIT_LIST_HEAD(&card->ports);
	INIT_WORK(&card->hang, dpusim_hang);
	init_completion(&card->hangs);
	card->pdev = pdev;
	card->on = config->on;
	card->devlink = devlink;
	if (card->on) {
		card->switch_id = card->on->switch_id;
	} else {
		card->switch_id.id_len = sizeof(last_id);
		last_id++;
		memcpy(card->switch_id.id, &last_id, sizeof(last_id));
	}
	strscpy(card->board_serial, config->board_serial, sizeof(card->board_serial));
	card->eswitch_mode = config->eswitch_mode;
	card->running = true;
	platform_set_drvdata(pdev, card);
#if DPUSIM_ENABLE_RELOAD
	if (!card->on)
		devlink_set_features(devlink, DEVLINK_F_RELOAD);
#endif
	devlink_register(devlink);
	return 0;
}

static void dpusim_teardown(struct platform_device *pdev)
{
	struct dpusim_card *card = platform_get_drvdata(pdev);
	struct devlink *devlink = card->devlink;
	struct dpusim_port *port, *next;

	flush_work(&card->hang);
	devl_lock(devlink);
	card->running = false;
	list_for_each_entry(port, &card->ports, list)
		port->dying = true;
	dpusim_ports_hide(card);
	list_for_each_entry_safe(port, next, &card->ports, list) {
		list_del(&port->list);
		kfree(port);
	}
	devl_unlock(devlink);
	devlink_unregister(devlink);
	devlink_free(devlink);
}

#if DPUSIM_REMOVE_IS_VOID
static void dpusim_remove(struct platform_device *pdev)
{
	dpusim_teardown(pdev);
}
#else
static int dpusim_remove(struct platform_device *pdev)
{
	dpusim_teardown(pdev);
	return 0;
}
#endif

static struct platform_driver dpusim_driver = {
	.probe	= dpusim_probe,
	.remove	= dpusim_remove,
	.driver	= {
		.name			= DPUSIM_NAME,
		/* Cards come and go by command alone, so the list of them is right. */
		.suppress_bind_attrs	= true,
	},
};

struct dpusim_card *dpusim_card_add(const char *name, const char *board_serial, u16 eswitch_mode,
				    struct dpusim_card *on)
{
	struct dpusim_config config = { .eswitch_mode = eswitch_mode, .on = on };
	struct platform_device *pdev;
	struct dpusim_card *card;
	struct device *namesake;
	int err;

	/* sysfs would complain with a stack trace. */
	namesake = bus_find_device_by_name(&platform_bus_type, NULL, name);
	if (namesake) {
		put_device(namesake);
		return ERR_PTR(-EEXIST);
	}
	strscpy(config.board_serial, board_serial, sizeof(config.board_serial));
	/* A platform device is called as its driver is, unless it was named before. */
	pdev = platform_device_alloc(DPUSIM_NAME, PLATFORM_DEVID_NONE);
	if (!pdev)
		return ERR_PTR(-ENOMEM);
	pdev->dev.init_name = name;
	err = platform_device_add_data(pdev, &config, sizeof(config));
	if (!err)
		err = platform_device_add(pdev);
	if (err) {
		platform_device_put(pdev);
		return ERR_PTR(err);
	}
	card = platform_get_drvdata(pdev);
	if (!card) {
		platform_device_unregister(pdev);
		return ERR_PTR(-ENOMEM);
	}
	return card;
}

void dpusim_card_del(struct dpusim_card *card)
{
	list_del(&card->list);
	platform_device_unregister(card->pdev);
}

int dpusim_driver_register(void)
{
	return platform_driver_register(&dpusim_driver);
}

void dpusim_driver_unregister(void)
{
	platform_driver_unregister(&dpusim_driver);
}
