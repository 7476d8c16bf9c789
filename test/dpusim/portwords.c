// SPDX-License-Identifier: GPL-2.0
/* The words that only the commands on cards and their ports have. */

#include <linux/kernel.h>
#include <linux/string.h>

#include "portwords.h"

int dpusim_index_word(char **line, u32 *index)
{
	char *word = sim_word(line);

	if (!word || kstrtou32(word, 0, index))
		return sim_fail(-EINVAL, "\"%s\" is no port index", word ?: "");
	return 0;
}

int dpusim_mode_parse(const char *text, u16 *mode)
{
	if (!strcmp(text, "switchdev"))
		*mode = DEVLINK_ESWITCH_MODE_SWITCHDEV;
	else if (!strcmp(text, "legacy"))
		*mode = DEVLINK_ESWITCH_MODE_LEGACY;
	else
		return sim_fail(-EINVAL, "mode is switchdev or legacy");
	return 0;
}

int dpusim_serial_parse(const char *text, char *serial)
{
	if (strscpy(serial, text, DPUSIM_SERIAL_LEN) < 0)
		return sim_fail(-EINVAL, "a serial has at most %d characters",
				DPUSIM_SERIAL_LEN - 1);
	return 0;
}

int dpusim_state_parse(const char *text, struct dpusim_port *port)
{
	if (!strcmp(text, "active"))
		port->fn_state = DEVLINK_PORT_FN_STATE_ACTIVE;
	else if (!strcmp(text, "inactive"))
		port->fn_state = DEVLINK_PORT_FN_STATE_INACTIVE;
	else
		return sim_fail(-EINVAL, "state is active or inactive");
	port->has_state = true;
	return 0;
}

int dpusim_opstate_parse(const char *text, struct dpusim_port *port)
{
	if (!strcmp(text, "attached"))
		port->fn_opstate = DEVLINK_PORT_FN_OPSTATE_ATTACHED;
	else if (!strcmp(text, "detached"))
		port->fn_opstate = DEVLINK_PORT_FN_OPSTATE_DETACHED;
	else
		return sim_fail(-EINVAL, "opstate is attached or detached");
	port->has_state = true;
	return 0;
}

int dpusim_type_parse(const char *text, bool *infiniband)
{
	*infiniband = !strcmp(text, "ib");
	if (!*infiniband && strcmp(text, "eth"))
		return sim_fail(-EINVAL, "type is eth or ib");
	return 0;
}

int dpusim_flavour_parse(const char *text, enum devlink_port_flavour *flavour)
{
	if (!strcmp(text, "physical"))
		*flavour = DEVLINK_PORT_FLAVOUR_PHYSICAL;
	else if (!strcmp(text, "virtual"))
		*flavour = DEVLINK_PORT_FLAVOUR_VIRTUAL;
	else if (!strcmp(text, "pcipf"))
		*flavour = DEVLINK_PORT_FLAVOUR_PCI_PF;
	else if (!strcmp(text, "pcivf"))
		*flavour = DEVLINK_PORT_FLAVOUR_PCI_VF;
	else if (!strcmp(text, "pcisf"))
		*flavour = DEVLINK_PORT_FLAVOUR_PCI_SF;
	else
		return sim_fail(-EINVAL, "flavour is physical, virtual, pcipf, pcivf or pcisf");
	return 0;
}
