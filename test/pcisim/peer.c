// SPDX-License-Identifier: GPL-2.0
/*
 * The card's end of a function: another netdev, which a function's own is joined to.
 * What the function sends is sent there, and what arrives there arrives here. It is
 * found by its name, whenever both exist, among those of the first network namespace.
 */

#include <linux/rtnetlink.h>

#include "pcisim.h"

/* The netdevs of ours that may be joined; guarded by RTNL. */
static LIST_HEAD(pcisim_joinable);

static bool pcisim_is_ours(const struct net_device *dev)
{
	return dev->netdev_ops->ndo_start_xmit == pcisim_peer_xmit;
}

netdev_tx_t pcisim_peer_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct pcisim_netdev *end = netdev_priv(dev);
	unsigned int len = skb->len;
	struct net_device *peer;
	int err = NET_XMIT_DROP;

	rcu_read_lock();
	peer = rcu_dereference(end->peer);
	if (likely(peer)) {
		skb_tx_timestamp(skb);
		skb_scrub_packet(skb, !net_eq(dev_net(dev), dev_net(peer)));
		skb->dev = peer;
		err = dev_queue_xmit(skb);
	} else {
		kfree_skb(skb);
	}
	rcu_read_unlock();
	if (likely(!net_xmit_eval(err)))
		dev_sw_netstats_tx_add(dev, 1, len);
	else
		dev_core_stats_tx_dropped_inc(dev);
	return NETDEV_TX_OK;
}

static rx_handler_result_t pcisim_peer_receive(struct sk_buff **pskb)
{
	struct sk_buff *skb = skb_share_check(*pskb, GFP_ATOMIC);
	struct net_device *dev;
	unsigned int len;

	if (!skb)
		return RX_HANDLER_CONSUMED;
	dev = rcu_dereference(skb->dev->rx_handler_data);
	skb_push_rcsum(skb, ETH_HLEN);
	len = skb->len;
	/* Frees the packet if the netdev is down or the packet too long for it. */
	if (dev_forward_skb(dev, skb) == NET_RX_SUCCESS)
		dev_sw_netstats_rx_add(dev, len);
	return RX_HANDLER_CONSUMED;
}

/* As up as the function's own netdev, and with the same carrier. */
static void pcisim_follow(struct pcisim_netdev *end)
{
	struct net_device *peer = rtnl_dereference(end->peer);

	if (peer && netif_carrier_ok(peer))
		netif_carrier_on(end->dev);
	else
		netif_carrier_off(end->dev);
}

void pcisim_peer_open(struct pcisim_netdev *end)
{
	struct net_device *peer = rtnl_dereference(end->peer);

	if (peer && dev_open(peer, NULL))
		netdev_warn(end->dev, "cannot open %s\n", peer->name);
}

static void pcisim_join(struct pcisim_netdev *end, struct net_device *peer)
{
	if (rtnl_dereference(end->peer))
		return;
	if (pcisim_is_ours(peer) ||
	    netdev_rx_handler_register(peer, pcisim_peer_receive, end->dev)) {
		netdev_warn(end->dev, "cannot be joined to %s, which is in other use\n", peer->name);
		return;
	}
	/* Not a host's netdev any more: so IPv6 leaves it alone, as it does a bond's slaves. */
	peer->flags |= IFF_SLAVE;
	rcu_assign_pointer(end->peer, peer);
	if (end->dev->flags & IFF_UP)
		pcisim_peer_open(end);
	pcisim_follow(end);
}

static void pcisim_part(struct pcisim_netdev *end)
{
	struct net_device *peer = rtnl_dereference(end->peer);

	if (!peer)
		return;
	RCU_INIT_POINTER(end->peer, NULL);
	/* Waits for the packets under way to this end. */
	netdev_rx_handler_unregister(peer);
	peer->flags &= ~IFF_SLAVE;
	pcisim_follow(end);
}

static void pcisim_join_by_name(struct pcisim_netdev *end)
{
	const char *name = end->fn->peer_name;
	struct net_device *peer = *name ? __dev_get_by_name(&init_net, name) : NULL;

	if (peer)
		pcisim_join(end, peer);
}

/* A function's own netdev comes, not registered yet. */
void pcisim_peer_allow(struct pcisim_netdev *end)
{
	list_add_tail(&end->joinable, &pcisim_joinable);
	pcisim_join_by_name(end);
}

void pcisim_peer_forbid(struct pcisim_netdev *end)
{
	list_del_init(&end->joinable);
	pcisim_part(end);
}

/* Joins a function to another netdev than before; an empty name to none. */
void pcisim_peer_set(struct pcisim_fn *fn, const char *name)
{
	struct pcisim_netdev *end;

	strscpy(fn->peer_name, name, sizeof(fn->peer_name));
	list_for_each_entry(end, &pcisim_joinable, joinable)
		if (end->fn == fn) {
			pcisim_part(end);
			pcisim_join_by_name(end);
		}
}

static int pcisim_netdev_event(struct notifier_block *block, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);
	struct pcisim_netdev *end;

	if (pcisim_is_ours(dev))
		return NOTIFY_DONE;
	list_for_each_entry(end, &pcisim_joinable, joinable) {
		bool mine = rtnl_dereference(end->peer) == dev;

		switch (event) {
		case NETDEV_REGISTER:
		case NETDEV_CHANGENAME:
			if (!mine && net_eq(dev_net(dev), &init_net) &&
			    !strcmp(dev->name, end->fn->peer_name))
				pcisim_join(end, dev);
			break;
		case NETDEV_UNREGISTER:
			if (mine)
				pcisim_part(end);
			break;
		case NETDEV_CHANGE:
		case NETDEV_UP:
		case NETDEV_DOWN:
			if (mine)
				pcisim_follow(end);
			break;
		}
	}
	return NOTIFY_DONE;
}

static struct notifier_block pcisim_notifier = {
	.notifier_call	= pcisim_netdev_event,
	.priority	= -10, /* a netdev that others don't know yet can't be opened */
};

int pcisim_peer_notifier_register(void)
{
	return register_netdevice_notifier(&pcisim_notifier);
}

void pcisim_peer_notifier_unregister(void)
{
	unregister_netdevice_notifier(&pcisim_notifier);
}
