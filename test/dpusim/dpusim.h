/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dpusim - a SmartNIC's embedded switch, as its own CPU sees it
 *
 * A card is a devlink instance on a platform device. Its ports are devlink ports,
 * most of which have a netdev: the representor. Each representor is joined to a
 * second netdev, the peer, that stands for the host's end of the function (or, for
 * a physical port, for the wire): what one sends the other receives.
 *
 * A part is a second devlink instance of a card, with a device of its own and netdevs
 * that stand on the card's device, as mlx5 has one for the uplink from Linux 6.3 on.
 *
 * Locks, in the order they are taken:
 *   sim_lock   the list of cards; held while a command runs
 *   devl_lock()   all of one card; devlink's callbacks are called with it held
 *   rtnl_lock()   netdevs
 */
#ifndef DPUSIM_H
#define DPUSIM_H

#include <linux/completion.h>
#include <linux/etherdevice.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>
#include <net/devlink.h>

#include "compat.h"

#define DPUSIM_NAME	"dpusim"
#define DPUSIM_SERIAL_LEN 64

/**
 * struct dpusim_card - a card; the private part of its devlink instance
 * @list: in the list of all cards
 * @pdev: the device, which gives the card its name
 * @on: for a part of another card that one, on whose device its netdevs stand; else NULL
 * @devlink: the devlink instance
 * @ports: struct dpusim_port, also those that are not shown at the moment
 * @switch_id: one for all ports, as the kernel wants it (phys_switch_id)
 * @board_serial: devlink info's board.serial_number, none when empty
 * @eswitch_mode: in legacy mode the ports of functions are not shown
 * @running: false while the device reloads or goes away: no port is shown
 * @hang: holds devl_lock for @hang_ms, as a reset of the firmware does
 * @hangs: that it does so
 */
struct dpusim_card {
	struct list_head list;
	struct platform_device *pdev;
	struct dpusim_card *on;
	struct devlink *devlink;
	struct list_head ports;
	struct netdev_phys_item_id switch_id;
	char board_serial[DPUSIM_SERIAL_LEN];
	u16 eswitch_mode;
	bool running;
	struct work_struct hang;
	unsigned int hang_ms;
	struct completion hangs;
};

/**
 * struct dpusim_port - a port of a card, whether or not it is shown
 * @list: in &dpusim_card.ports
 * @card: whose it is
 * @devlink_port: devlink's, in use while @registered
 * @index: devlink port index
 * @flavour: what it is for
 * @number: front panel number (physical ports)
 * @controller: the function's controller
 * @pf: the function's PF number
 * @sub: the function's VF or SF number
 * @external: the controller is not this CPU's own
 * @registered: devlink shows the port
 * @dying: never show it again
 * @infiniband: its type, with which it has no netdev
 * @has_fn: devlink shows a function with a hardware address
 * @fail_hw_addr: reading that address fails
 * @has_state: devlink shows the function's states
 * @fn_addr: the function's hardware address, all zeros when unknown
 * @fn_state: whether the function was activated
 * @fn_opstate: whether a driver on the host is attached to it
 * @rep_name: name for the representor, may hold "%d"; empty: none
 * @rep_addr: the representor's own hardware address
 * @rep: the representor, NULL while there is none
 * @peer_name: name for the peer; empty: "h-" and the representor's name
 * @peer: the other end; lives from the first representor until the port goes
 */
struct dpusim_port {
	struct list_head list;
	struct dpusim_card *card;
	struct devlink_port devlink_port;
	u32 index;
	enum devlink_port_flavour flavour;
	u32 number;
	u32 controller;
	u16 pf;
	u32 sub;
	bool external;
	bool registered;
	bool dying;
	bool infiniband;
	bool has_fn;
	bool fail_hw_addr;
	bool has_state;
	u8 fn_addr[ETH_ALEN];
	enum devlink_port_fn_state fn_state;
	enum devlink_port_fn_opstate fn_opstate;
	char rep_name[IFNAMSIZ];
	u8 rep_addr[ETH_ALEN];
	struct net_device *rep;
	char peer_name[IFNAMSIZ];
	struct net_device *peer;
};

/* card.c */
struct dpusim_card *dpusim_card_add(const char *name, const char *board_serial, u16 eswitch_mode,
				    struct dpusim_card *on);
void dpusim_card_del(struct dpusim_card *card);
int dpusim_card_hang(struct dpusim_card *card, unsigned int ms);
int dpusim_driver_register(void);
void dpusim_driver_unregister(void);

/* port.c; all with devl_lock held */
struct dpusim_port *dpusim_port_find(struct dpusim_card *card, u32 index);
int dpusim_port_add(struct dpusim_card *card, struct dpusim_port *port);
void dpusim_port_del(struct dpusim_port *port);
int dpusim_port_show(struct dpusim_port *port);
int dpusim_ports_show(struct dpusim_card *card);
void dpusim_ports_hide(struct dpusim_card *card);
int dpusim_port_type_set(struct devlink_port *devlink_port, enum devlink_port_type type);

int dpusim_fn_hw_addr_get(struct devlink_port *devlink_port, u8 *addr, int *len,
			  struct netlink_ext_ack *extack);
int dpusim_fn_hw_addr_set(struct devlink_port *devlink_port, const u8 *addr, int len,
			  struct netlink_ext_ack *extack);
int dpusim_fn_state_get(struct devlink_port *devlink_port, enum devlink_port_fn_state *state,
			enum devlink_port_fn_opstate *opstate, struct netlink_ext_ack *extack);
int dpusim_fn_state_set(struct devlink_port *devlink_port, enum devlink_port_fn_state state,
			struct netlink_ext_ack *extack);

/* sf.c; all with devl_lock held */
#if DPUSIM_PORT_HAS_OPS
int dpusim_sf_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
		  struct netlink_ext_ack *extack, struct devlink_port **devlink_port);
int dpusim_sf_del(struct devlink *devlink, struct devlink_port *devlink_port,
		  struct netlink_ext_ack *extack);
#else
int dpusim_sf_new(struct devlink *devlink, const struct devlink_port_new_attrs *attrs,
		  struct netlink_ext_ack *extack, unsigned int *index);
int dpusim_sf_del(struct devlink *devlink, unsigned int index, struct netlink_ext_ack *extack);
#endif

/* netdev.c; all with devl_lock held */
int dpusim_rep_create(struct dpusim_port *port);
void dpusim_rep_part(struct dpusim_port *port);
int dpusim_peer_create(struct dpusim_port *port, const char *name);

/* portcmd.c; all with sim_lock and devl_lock held */
int dpusim_cmd_port_add(struct dpusim_card *card, u32 index, char *line);
int dpusim_cmd_port(const char *verb, struct dpusim_port *port, char *line);

#endif
