// SPDX-License-Identifier: GPL-2.0
/* The words that the commands of all simulators have in common. */

#include <linux/etherdevice.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "kernels.h"
#include "words.h"

char sim_reason[128];

/* Leaves the reason for the log. Where nobody gives one, the error says enough. */
int sim_fail(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vscnprintf(sim_reason, sizeof(sim_reason), format, args);
	va_end(args);
	return err;
}

/* Cuts the next word off a line; NULL at its end. */
char *sim_word(char **line)
{
	char *word;

	do
		word = strsep(line, " \t");
	while (word && !*word);
	return word;
}

int sim_end(char *line)
{
	char *word = sim_word(&line);

	return word ? sim_fail(-EINVAL, "\"%s\" is one word too many", word) : 0;
}

/* Cuts the next KEY=VALUE off a line: 1, 0 at its end, or an error. */
int sim_option(char **line, char **key, char **value)
{
	*key = sim_word(line);
	if (!*key)
		return 0;
	*value = *key;
	strsep(value, "=");
	return *value ? 1 : sim_fail(-EINVAL, "%s has no value", *key);
}

int sim_ifname_parse(const char *text, char *name)
{
	if (!*text || strscpy(name, text, IFNAMSIZ) < 0)
		return sim_fail(-EINVAL, "\"%s\" is no name for a netdev", text);
	return 0;
}

int sim_mac_parse(const char *text, u8 *addr)
{
	u8 parsed[ETH_ALEN];

	if (strlen(text) != 3 * ETH_ALEN - 1 || !mac_pton(text, parsed))
		return sim_fail(-EINVAL, "\"%s\" is no MAC address", text);
	ether_addr_copy(addr, parsed);
	return 0;
}
