// SPDX-License-Identifier: GPL-2.0
/* The two netdevs of a port, representor and peer, and the packets between them. */

#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>

#include "compat.h"
#include "dpusim.h"

#define DPUSIM_MAX_MTU	9216
/* All that doesn't need the packet to be touched: it only changes hands. */
#define DPUSIM_FEATURES	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | \
			 NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE)

/**
 * struct sim_end - the private part of either netdev
 * @other: the other end, NULL while there is none
 * @port: whose end it is
 */
struct sim_end {
	struct net_device __rcu *other;
	struct dpusim_port *port;
};

static netdev_tx_t dpusim_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct sim_end *end = netdev_priv(dev);
	unsigned int len = skb->len;
	struct net_device *other;

	rcu_read_lock();
	other = rcu_dereference(end->other);
	if (unlikely(!other || !pskb_may_pull(skb, ETH_HLEN))) {
		kfree_skb(skb);
		goto drop;
	}
	skb_tx_timestamp(skb);
	/* Frees the packet if the other end is down or the packet too long for it. */
	if (dev_forward_skb(other, skb) != NET_RX_SUCCESS)
		goto drop;
	dev_sw_netstats_tx_add(dev, 1, len);
	dev_sw_netstats_rx_add(other, len);
	rcu_read_unlock();
	return NETDEV_TX_OK;

drop:
	rcu_read_unlock();
	dev_core_stats_tx_dropped_inc(dev);
	return NETDEV_TX_OK;
}

static int dpusim_init(struct net_device *dev)
{
	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	return dev->tstats ? 0 : -ENOMEM;
}

static void dpusim_destructor(struct net_device *dev)
{
	free_percpu(dev->tstats);
}

#if !DPUSIM_NETDEV_KNOWS_PORT
/* phys_port_name and phys_switch_id come from the devlink port's attributes. */
static struct devlink_port *dpusim_get_devlink_port(struct net_device *dev)
{
	struct sim_end *end = netdev_priv(dev);

	return &end->port->devlink_port;
}
#endif

static const struct net_device_ops dpusim_rep_ops = {
	.ndo_init		= dpusim_init,
	.ndo_start_xmit		= dpusim_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_set_mac_address	= eth_mac_addr,
#if !DPUSIM_NETDEV_KNOWS_PORT
	.ndo_get_devlink_port	= dpusim_get_devlink_port,
#endif
};

/* The peer is another machine's netdev: nothing ties it to the card. */
static const struct net_device_ops dpusim_peer_ops = {
	.ndo_init		= dpusim_init,
	.ndo_start_xmit		= dpusim_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_set_mac_address	= eth_mac_addr,
};

static void dpusim_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->max_mtu = DPUSIM_MAX_MTU;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->features |= DPUSIM_FEATURES;
	dev->hw_features |= DPUSIM_FEATURES;
	dev->vlan_features |= DPUSIM_FEATURES;
#if SIM_LLTX_IS_A_BIT
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
	dev->needs_free_netdev = true;
	dev->priv_destructor = dpusim_destructor;
}

/* @name is shorter than IFNAMSIZ. The netdev begins without a carrier. */
static struct net_device *dpusim_netdev_alloc(struct dpusim_port *port, const char *name,
					      const struct net_device_ops *ops)
{
	struct net_device *dev;
	struct sim_end *end;

	/* udev gives an enumerated name up for a better one, and leaves others alone. */
	dev = alloc_netdev(sizeof(*end), name,
			   strchr(name, '%') ? NET_NAME_ENUM : NET_NAME_PREDICTABLE, dpusim_setup);
	if (!dev)
		return NULL;
	dev->netdev_ops = ops;
	end = netdev_priv(dev);
	end->port = port;
	netif_carrier_off(dev);
	return dev;
}

/*
 * Creates the other end under the given name or, for NULL, under the representor's
 * with a prefix. Its address is the function's own.
 */
int dpusim_peer_create(struct dpusim_port *port, const char *name)
{
	char derived[IFNAMSIZ];
	struct net_device *dev;
	int err;

	if (!name) {
		if (snprintf(derived, sizeof(derived), "h-%s", port->rep->name) >= sizeof(derived))
			return -ENAMETOOLONG;
		name = derived;
	}
	dev = dpusim_netdev_alloc(port, name, &dpusim_peer_ops);
	if (!dev)
		return -ENOMEM;
	if (is_valid_ether_addr(port->fn_addr))
		eth_hw_addr_set(dev, port->fn_addr);
	else
		eth_hw_addr_random(dev);
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	port->peer = dev;
	return 0;
}

static void dpusim_join(struct dpusim_port *port)
{
	struct sim_end *rep = netdev_priv(port->rep);
	struct sim_end *peer = netdev_priv(port->peer);

	rcu_assign_pointer(rep->other, port->peer);
	rcu_assign_pointer(peer->other, port->rep);
	netif_carrier_on(port->rep);
	netif_carrier_on(port->peer);
}

/*
 * Parts the representor from its peer, whose carrier drops, and from devlink. It is
 * then to be unregistered, which waits for the packets under way.
 */
void dpusim_rep_part(struct dpusim_port *port)
{
	struct sim_end *end;

#if !DPUSIM_NETDEV_KNOWS_PORT
	devlink_port_type_clear(&port->devlink_port);
#endif
	if (port->peer) {
		end = netdev_priv(port->peer);
		RCU_INIT_POINTER(end->other, NULL);
		netif_carrier_off(port->peer);
	}
	end = netdev_priv(port->rep);
	RCU_INIT_POINTER(end->other, NULL);
}

/* Creates the representor of a registered port, and the peer if there is none yet. */
int dpusim_rep_create(struct dpusim_port *port)
{
	struct net_device *dev;
	int err;

	dev = dpusim_netdev_alloc(port, port->rep_name, &dpusim_rep_ops);
	if (!dev)
		return -ENOMEM;
	eth_hw_addr_set(dev, port->rep_addr);
	SET_NETDEV_DEV(dev, &(port->card->on ?: port->card)->pdev->dev);
#if DPUSIM_NETDEV_KNOWS_PORT
	SET_NETDEV_DEVLINK_PORT(dev, &port->devlink_port);
#endif
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	port->rep = dev;
#if !DPUSIM_NETDEV_KNOWS_PORT
	devlink_port_type_eth_set(&port->devlink_port, dev);
#endif
	if (!port->peer) {
		err = dpusim_peer_create(port, NULL);
		if (err) {
			dpusim_rep_part(port);
			unregister_netdev(dev);
			port->rep = NULL;
			return err;
		}
	}
	dpusim_join(port);
	return 0;
}
