// SPDX-License-Identifier: GPL-2.0
/* The SFs that devlink itself adds and deletes: devlink-port(8), port add and port del. */

#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "compat.h"
#include "dpusim.h"

/* The first index of a port that devlink adds and names none for. */
#define DPUSIM_FIRST_SF	32768

static u32 dpusim_free_index(struct dpusim_card *card)
{
	u32 index = DPUSIM_FIRST_SF;

	while (dpusim_port_find(card, index))
		index++;
	return index;
}

static bool dpusim_has_sf(struct dpusim_card *card, const struct dpusim_port *sf)
{
	struct dpusim_port *port;

	list_for_each_entry(port, &card->ports, list)
		if (port->flavour == DEVLINK_PORT_FLAVOUR_PCI_SF && port->sub == sf->sub &&
		    port->pf == sf->pf && port->controller == sf->controller)
			return true;
	return false;
}

/* Like a driver's: the SF has its representor at once, and isn't active. */
static struct dpusim_port *dpusim_sf_add(struct devlink *devlink,
					 const struct devlink_port_new_attrs *attrs,
					 struct netlink_ext_ack *extack)
{
	struct dpusim_card *card = devlink_priv(devlink);
	struct dpusim_port *port;
	int err;

	if (attrs->flavour != DEVLINK_PORT_FLAVOUR_PCI_SF || !attrs->sfnum_valid) {
		NL_SET_ERR_MSG(extack, "Only SFs can be added, by their number");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (card->eswitch_mode != DEVLINK_ESWITCH_MODE_SWITCHDEV) {
		NL_SET_ERR_MSG(extack, "SFs need the eswitch to be in mode switchdev");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (attrs->port_index_valid && dpusim_port_find(card, attrs->port_index)) {
		NL_SET_ERR_MSG(extack, "The port's index is taken");
		return ERR_PTR(-EEXIST);
	}
	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->index = attrs->port_index_valid ? attrs->port_index : dpusim_free_index(card);
	port->flavour = DEVLINK_PORT_FLAVOUR_PCI_SF;
	port->controller = attrs->controller_valid ? attrs->controller : 0;
	port->external = port->controller != 0;
	port->pf = attrs->pfnum;
	port->sub = attrs->sfnum;
	if (dpusim_has_sf(card, port)) {
		NL_SET_ERR_MSG(extack, "There is an SF of that number");
		kfree(port);
		return ERR_PTR(-EEXIST);
	}
	port->has_fn = true;
	port->has_state = true;
	port->fn_state = DEVLINK_PORT_FN_STATE_INACTIVE;
	port->fn_opstate = DEVLINK_PORT_FN_OPSTATE_DETACHED;
	eth_random_addr(port->rep_addr);
	strscpy(port->rep_name, "eth%d", sizeof(port->rep_name));
	err = dpusim_port_add(card, port);
	return err ? ERR_PTR(err) : port;
}

#if DPUSIM_PORT_HAS_OPS
int dpusim_sf_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
		  struct netlink_ext_ack *extack, struct devlink_port **devlink_port)
{
	struct dpusim_port *port = dpusim_sf_add(devlink, attrs, extack);

	if (IS_ERR(port))
		return PTR_ERR(port);
	*devlink_port = &port->devlink_port;
	return 0;
}

int dpusim_sf_del(struct devlink *devlink, struct devlink_port *devlink_port,
		  struct netlink_ext_ack *extack)
{
	struct dpusim_port *port = container_of(devlink_port, struct dpusim_port, devlink_port);
#else
int dpusim_sf_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
		  struct netlink_ext_ack *extack, unsigned int *index)
{
	struct dpusim_port *port = dpusim_sf_add(devlink, attrs, extack);

	if (IS_ERR(port))
		return PTR_ERR(port);
	*index = port->index;
	return 0;
}

int dpusim_sf_del(struct devlink *devlink, unsigned int index, struct netlink_ext_ack *extack)
{
	struct dpusim_port *port = dpusim_port_find(devlink_priv(devlink), index);

	if (!port)
		return -ENODEV;
#endif
	if (port->flavour != DEVLINK_PORT_FLAVOUR_PCI_SF) {
		NL_SET_ERR_MSG(extack, "Only SFs can be deleted");
		return -EOPNOTSUPP;
	}
	dpusim_port_del(port);
	return 0;
}
