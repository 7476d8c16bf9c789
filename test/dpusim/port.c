// SPDX-License-Identifier: GPL-2.0
/* The ports of a card: which are shown, and what they say of their function. */

#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "compat.h"
#include "dpusim.h"

int dpusim_fn_hw_addr_get(struct devlink_port *devlink_port, u8 *addr, int *len,
			  struct netlink_ext_ack *extack)
{
	struct dpusim_port *port = container_of(devlink_port, struct dpusim_port, devlink_port);

	if (port->fail_hw_addr)
		return -EIO;
	if (!port->has_fn)
		return -EOPNOTSUPP;
	ether_addr_copy(addr, port->fn_addr);
	*len = ETH_ALEN;
	return 0;
}

int dpusim_fn_hw_addr_set(struct devlink_port *devlink_port, const u8 *addr, int len,
			  struct netlink_ext_ack *extack)
{
	struct dpusim_port *port = container_of(devlink_port, struct dpusim_port, devlink_port);

	if (!port->has_fn)
		return -EOPNOTSUPP;
	if (len != ETH_ALEN || is_multicast_ether_addr(addr)) {
		NL_SET_ERR_MSG(extack, "Not an Ethernet address of one station");
		return -EINVAL;
	}
	ether_addr_copy(port->fn_addr, addr);
	return 0;
}

int dpusim_fn_state_get(struct devlink_port *devlink_port, enum devlink_port_fn_state *state,
			enum devlink_port_fn_opstate *opstate, struct netlink_ext_ack *extack)
{
	struct dpusim_port *port = container_of(devlink_port, struct dpusim_port, devlink_port);

	if (!port->has_state)
		return -EOPNOTSUPP;
	*state = port->fn_state;
	*opstate = port->fn_opstate;
	return 0;
}

/* The host's driver attaches itself to an activated function at once. */
int dpusim_fn_state_set(struct devlink_port *devlink_port, enum devlink_port_fn_state state,
			struct netlink_ext_ack *extack)
{
	struct dpusim_port *port = container_of(devlink_port, struct dpusim_port, devlink_port);

	if (!port->has_state)
		return -EOPNOTSUPP;
	port->fn_state = state;
	port->fn_opstate = state == DEVLINK_PORT_FN_STATE_ACTIVE ? DEVLINK_PORT_FN_OPSTATE_ATTACHED :
								   DEVLINK_PORT_FN_OPSTATE_DETACHED;
	return 0;
}

/* Here InfiniBand has no netdev; Ethernet has the representor. */
int dpusim_port_type_set(struct devlink_port *devlink_port, enum devlink_port_type type)
{
	struct dpusim_port *port = container_of(devlink_port, struct dpusim_port, devlink_port);

	if (type != DEVLINK_PORT_TYPE_ETH && type != DEVLINK_PORT_TYPE_IB)
		return -EOPNOTSUPP;
	port->infiniband = type == DEVLINK_PORT_TYPE_IB;
	dpusim_ports_hide(port->card);
	if (port->infiniband)
		devlink_port_type_ib_set(devlink_port, NULL);
	else
		devlink_port_type_clear(devlink_port);
	return dpusim_port_show(port);
}

#if DPUSIM_PORT_HAS_OPS
static const struct devlink_port_ops dpusim_port_ops = {
	.port_del		= dpusim_sf_del,
	.port_type_set		= dpusim_port_type_set,
	.port_fn_hw_addr_get	= dpusim_fn_hw_addr_get,
	.port_fn_hw_addr_set	= dpusim_fn_hw_addr_set,
	.port_fn_state_get	= dpusim_fn_state_get,
	.port_fn_state_set	= dpusim_fn_state_set,
};
#endif

static bool dpusim_is_function(const struct dpusim_port *port)
{
	return port->flavour == DEVLINK_PORT_FLAVOUR_PCI_PF ||
	       port->flavour == DEVLINK_PORT_FLAVOUR_PCI_VF ||
	       port->flavour == DEVLINK_PORT_FLAVOUR_PCI_SF;
}

static bool dpusim_port_wanted(const struct dpusim_port *port)
{
	return port->card->running && !port->dying &&
	       (port->card->eswitch_mode == DEVLINK_ESWITCH_MODE_SWITCHDEV ||
		!dpusim_is_function(port));
}

static bool dpusim_rep_wanted(const struct dpusim_port *port)
{
	return dpusim_port_wanted(port) && port->rep_name[0] && !port->infiniband;
}

static int dpusim_port_register(struct dpusim_port *port)
{
	struct devlink_port *devlink_port = &port->devlink_port;
	struct devlink_port_attrs attrs = {
		.flavour = port->flavour,
		.phys.port_number = port->number,
		.switch_id = port->card->switch_id,
	};

	memset(devlink_port, 0, sizeof(*devlink_port));
	devlink_port->attrs.switch_id = attrs.switch_id;
	switch (port->flavour) {
	case DEVLINK_PORT_FLAVOUR_PCI_PF:
		devlink_port_attrs_pci_pf_set(devlink_port, port->controller, port->pf,
					      port->external);
		break;
	case DEVLINK_PORT_FLAVOUR_PCI_VF:
		devlink_port_attrs_pci_vf_set(devlink_port, port->controller, port->pf, port->sub,
					      port->external);
		break;
	case DEVLINK_PORT_FLAVOUR_PCI_SF:
		devlink_port_attrs_pci_sf_set(devlink_port, port->controller, port->pf, port->sub,
					      port->external);
		break;
	default:
		devlink_port_attrs_set(devlink_port, &attrs);
		break;
	}
#if DPUSIM_PORT_HAS_OPS
	return devl_port_register_with_ops(port->card->devlink, devlink_port, port->index,
					   &dpusim_port_ops);
#else
	return devl_port_register(port->card->devlink, devlink_port, port->index);
#endif
}

/* Shows what is wanted of a port and not shown yet. */
int dpusim_port_show(struct dpusim_port *port)
{
	int err;

	if (dpusim_port_wanted(port) && !port->registered) {
		err = dpusim_port_register(port);
		if (err)
			return err;
		port->registered = true;
		if (port->infiniband)
			devlink_port_type_ib_set(&port->devlink_port, NULL);
	}
	if (dpusim_rep_wanted(port) && !port->rep)
		return dpusim_rep_create(port);
	return 0;
}

/* The same for all ports of a card; one that fails doesn't keep others from it. */
int dpusim_ports_show(struct dpusim_card *card)
{
	struct dpusim_port *port;
	int first = 0;

	list_for_each_entry(port, &card->ports, list) {
		int err = dpusim_port_show(port);

		if (err && !first)
			first = err;
	}
	return first;
}

/*
 * Hides what is shown of a card's ports and not wanted any more. To unregister a
 * netdev takes a while, and hardly longer for many at once.
 */
void dpusim_ports_hide(struct dpusim_card *card)
{
	struct dpusim_port *port;
	LIST_HEAD(gone);

	list_for_each_entry(port, &card->ports, list)
		if (port->rep && !dpusim_rep_wanted(port))
			dpusim_rep_part(port);

	rtnl_lock();
	list_for_each_entry(port, &card->ports, list) {
		if (port->rep && !dpusim_rep_wanted(port)) {
			unregister_netdevice_queue(port->rep, &gone);
			port->rep = NULL;
		}
		if (port->peer && port->dying) {
			unregister_netdevice_queue(port->peer, &gone);
			port->peer = NULL;
		}
	}
	unregister_netdevice_many(&gone);
	rtnl_unlock();

	list_for_each_entry(port, &card->ports, list)
		if (port->registered && !dpusim_port_wanted(port)) {
			if (port->infiniband)
				devlink_port_type_clear(&port->devlink_port);
			devl_port_unregister(&port->devlink_port);
			port->registered = false;
		}
}

struct dpusim_port *dpusim_port_find(struct dpusim_card *card, u32 index)
{
	struct dpusim_port *port;

	list_for_each_entry(port, &card->ports, list)
		if (port->index == index)
			return port;
	return NULL;
}

/* Takes over the port, which is a kmalloc()ed one; also when it fails. */
int dpusim_port_add(struct dpusim_card *card, struct dpusim_port *port)
{
	int err = 0;

	port->card = card;
	list_add_tail(&port->list, &card->ports);
	if (port->peer_name[0])
		err = dpusim_peer_create(port, port->peer_name);
	if (!err)
		err = dpusim_port_show(port);
	if (err)
		dpusim_port_del(port);
	return err;
}

void dpusim_port_del(struct dpusim_port *port)
{
	port->dying = true;
	dpusim_ports_hide(port->card);
	list_del(&port->list);
	kfree(port);
}
