// SPDX-License-Identifier: GPL-2.0
/* The commands on ports; README.md describes them. */

#include <linux/slab.h>

#include "dpusim.h"
#include "portwords.h"

/* Which options were given. */
#define DPUSIM_HAS_FLAVOUR	BIT(0)
#define DPUSIM_HAS_EXTERNAL	BIT(1)
#define DPUSIM_HAS_VF		BIT(2)
#define DPUSIM_HAS_SF		BIT(3)
#define DPUSIM_HAS_MAC		BIT(4)

static int dpusim_port_option(struct dpusim_port *port, char *key, char *value,
			      unsigned long *given)
{
	u16 vf;

	if (!strcmp(key, "flavour")) {
		*given |= DPUSIM_HAS_FLAVOUR;
		return dpusim_flavour_parse(value, &port->flavour);
	} else if (!strcmp(key, "port")) {
		return kstrtou32(value, 10, &port->number);
	} else if (!strcmp(key, "controller")) {
		return kstrtou32(value, 10, &port->controller);
	} else if (!strcmp(key, "external")) {
		*given |= DPUSIM_HAS_EXTERNAL;
		return kstrtobool(value, &port->external);
	} else if (!strcmp(key, "pf")) {
		return kstrtou16(value, 10, &port->pf);
	} else if (!strcmp(key, "vf")) {
		if (kstrtou16(value, 10, &vf))
			return sim_fail(-EINVAL, "vf is 0 to 65535");
		*given |= DPUSIM_HAS_VF;
		port->sub = vf;
		return 0;
	} else if (!strcmp(key, "sf")) {
		*given |= DPUSIM_HAS_SF;
		return kstrtou32(value, 10, &port->sub);
	} else if (!strcmp(key, "mac")) {
		*given |= DPUSIM_HAS_MAC;
		return sim_mac_parse(value, port->fn_addr);
	} else if (!strcmp(key, "netdev")) {
		if (strcmp(value, "late") && strcmp(value, "none"))
			return sim_ifname_parse(value, port->rep_name);
		port->rep_name[0] = '\0';
		return 0;
	} else if (!strcmp(key, "peer")) {
		return sim_ifname_parse(value, port->peer_name);
	} else if (!strcmp(key, "type")) {
		return dpusim_type_parse(value, &port->infiniband);
	} else if (!strcmp(key, "state")) {
		return dpusim_state_parse(value, port);
	} else if (!strcmp(key, "opstate")) {
		return dpusim_opstate_parse(value, port);
	} else if (!strcmp(key, "nofn")) {
		bool nofn;
		int err = kstrtobool(value, &nofn);

		port->has_fn = !nofn;
		return err;
	}
	return sim_fail(-EINVAL, "a port has no %s", key);
}

/* Judges what was given, and fills in what follows from it. */
static int dpusim_port_complete(struct dpusim_port *port, unsigned long given)
{
	bool has_vf = given & DPUSIM_HAS_VF, has_sf = given & DPUSIM_HAS_SF;

	if (!(given & DPUSIM_HAS_FLAVOUR))
		return sim_fail(-EINVAL, "flavour= is missing");
	if (has_vf != (port->flavour == DEVLINK_PORT_FLAVOUR_PCI_VF))
		return sim_fail(-EINVAL, "vf= goes with flavour=pcivf, and with no other");
	if (has_sf != (port->flavour == DEVLINK_PORT_FLAVOUR_PCI_SF))
		return sim_fail(-EINVAL, "sf= goes with flavour=pcisf, and with no other");
	if (!(given & DPUSIM_HAS_EXTERNAL))
		port->external = port->controller != 0;
	/* Which SF there are is decided on the card: drivers report their states. */
	if (port->flavour == DEVLINK_PORT_FLAVOUR_PCI_SF)
		port->has_state = true;
	eth_random_addr(port->rep_addr);
	if (port->flavour == DEVLINK_PORT_FLAVOUR_PHYSICAL ||
	    port->flavour == DEVLINK_PORT_FLAVOUR_VIRTUAL) {
		/* No function behind it: the address is the netdev's. */
		if (given & DPUSIM_HAS_MAC)
			ether_addr_copy(port->rep_addr, port->fn_addr);
		eth_zero_addr(port->fn_addr);
		port->has_fn = false;
	}
	if ((given & DPUSIM_HAS_MAC) && !port->has_fn && !is_valid_ether_addr(port->rep_addr))
		return sim_fail(-EINVAL, "mac= is no address for a netdev");
	return 0;
}

/* port add NAME INDEX flavour=F [KEY=VALUE...] */
int dpusim_cmd_port_add(struct dpusim_card *card, u32 index, char *line)
{
	struct dpusim_port *port;
	unsigned long given = 0;
	char *key, *value;
	int err;

	if (dpusim_port_find(card, index))
		return sim_fail(-EEXIST, "the device has a port %u", index);
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return -ENOMEM;
	port->index = index;
	port->has_fn = true;
	port->fn_state = DEVLINK_PORT_FN_STATE_ACTIVE;
	port->fn_opstate = DEVLINK_PORT_FN_OPSTATE_ATTACHED;
	strscpy(port->rep_name, "eth%d", sizeof(port->rep_name));
	while ((err = sim_option(&line, &key, &value))) {
		if (err > 0)
			err = dpusim_port_option(port, key, value, &given);
		if (err) {
			if (!sim_reason[0])
				sim_fail(err, "%s is out of range or malformed", key);
			goto free;
		}
	}
	err = dpusim_port_complete(port, given);
	if (err)
		goto free;
	err = dpusim_port_add(card, port);
	if (err)
		sim_fail(err, "cannot create it; -EEXIST: a netdev's name is taken");
	return err;

free:
	kfree(port);
	return err;
}

/* port netdev NAME INDEX IFNAME: the netdev that comes late */
static int dpusim_cmd_port_netdev(struct dpusim_port *port, char *word)
{
	int err;

	if (port->rep_name[0])
		return sim_fail(-EBUSY, "it has netdev %s; port nonetdev takes it away",
				   port->rep_name);
	err = sim_ifname_parse(word, port->rep_name);
	if (!err)
		err = dpusim_port_show(port);
	if (err)
		port->rep_name[0] = '\0';
	return err;
}

/* Commands on a port that exists, with their words still to be read. */
int dpusim_cmd_port(const char *verb, struct dpusim_port *port, char *line)
{
	bool no_words = !strcmp(verb, "del") || !strcmp(verb, "nonetdev");
	char *word = no_words ? NULL : sim_word(&line);
	char *second = !strcmp(verb, "state") ? sim_word(&line) : NULL;
	int err;

	if (!no_words && !word)
		return sim_fail(-EINVAL, "port %s needs a value", verb);
	err = sim_end(line);
	if (err)
		return err;
	if (!strcmp(verb, "del")) {
		dpusim_port_del(port);
		return 0;
	} else if (!strcmp(verb, "netdev")) {
		return dpusim_cmd_port_netdev(port, word);
	} else if (!strcmp(verb, "nonetdev")) {
		port->rep_name[0] = '\0';
		dpusim_ports_hide(port->card);
		return 0;
	} else if (!strcmp(verb, "mac")) {
		if (!port->has_fn)
			return sim_fail(-EOPNOTSUPP, "the port shows no function");
		return sim_mac_parse(word, port->fn_addr);
	} else if (!strcmp(verb, "state")) {
		err = dpusim_state_parse(word, port);
		return err || !second ? err : dpusim_opstate_parse(second, port);
	} else if (!strcmp(verb, "fail-hwaddr")) {
		return kstrtobool(word, &port->fail_hw_addr);
	}
	return sim_fail(-EINVAL, "there is no command port %s", verb);
}
