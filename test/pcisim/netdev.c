// SPDX-License-Identifier: GPL-2.0
/* The netdevs of a function, and what a PF's sets for its VFs. */

#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_vlan.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>

#include "compat.h"
#include "pcisim.h"

#define PCISIM_MAX_MTU	9216
/* All that doesn't need the packet to be touched: it only changes hands. */
#define PCISIM_FEATURES	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM | NETIF_F_RXCSUM | \
			 NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE)

static int pcisim_init(struct net_device *dev)
{
	struct pcisim_netdev *end = netdev_priv(dev);

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return -ENOMEM;
	if (end->own)
		pcisim_peer_allow(end);
	return 0;
}

static void pcisim_uninit(struct net_device *dev)
{
	struct pcisim_netdev *end = netdev_priv(dev);

	if (end->own)
		pcisim_peer_forbid(end);
}

static void pcisim_destructor(struct net_device *dev)
{
	free_percpu(dev->tstats);
}

static int pcisim_open(struct net_device *dev)
{
	pcisim_peer_open(netdev_priv(dev));
	return 0;
}

static int pcisim_stop(struct net_device *dev)
{
	return 0;
}

static int pcisim_get_phys_port_name(struct net_device *dev, char *name, size_t len)
{
	struct pcisim_netdev *end = netdev_priv(dev);

	if (!end->port_name[0])
		return -EOPNOTSUPP;
	return snprintf(name, len, "%s", end->port_name) >= len ? -EINVAL : 0;
}

/* One of the VFs that are enabled; NULL for others. */
static struct pcisim_fn *pcisim_vf(struct net_device *dev, int vf)
{
	struct pcisim_netdev *end = netdev_priv(dev);

	if (vf < 0 || vf >= pci_num_vf(to_pci_dev(dev->dev.parent)))
		return NULL;
	return &end->fn->pf->vfs[vf];
}

/* The VF's driver learns of it when it is bound the next time. */
static int pcisim_set_vf_mac(struct net_device *dev, int vf, u8 *mac)
{
	struct pcisim_fn *fn = pcisim_vf(dev, vf);

	if (!fn || is_multicast_ether_addr(mac))
		return -EINVAL;
	ether_addr_copy(fn->admin_addr, mac);
	return 0;
}

static int pcisim_set_vf_vlan(struct net_device *dev, int vf, u16 vlan, u8 qos, __be16 proto)
{
	struct pcisim_fn *fn = pcisim_vf(dev, vf);

	if (!fn || vlan >= VLAN_N_VID || qos > 7)
		return -EINVAL;
	if (fn->pf->vlan_err)
		return fn->pf->vlan_err;
	fn->vlan = vlan;
	fn->qos = qos;
	fn->vlan_proto = proto;
	return 0;
}

static int pcisim_get_vf_config(struct net_device *dev, int vf, struct ifla_vf_info *info)
{
	struct pcisim_fn *fn = pcisim_vf(dev, vf);

	if (!fn)
		return -EINVAL;
	info->vf = vf;
	ether_addr_copy(info->mac, fn->admin_addr);
	info->vlan = fn->vlan;
	info->qos = fn->qos;
	info->vlan_proto = fn->vlan_proto;
	return 0;
}

static const struct net_device_ops pcisim_own_ops = {
	.ndo_init		= pcisim_init,
	.ndo_uninit		= pcisim_uninit,
	.ndo_open		= pcisim_open,
	.ndo_stop		= pcisim_stop,
	.ndo_start_xmit		= pcisim_peer_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_get_phys_port_name	= pcisim_get_phys_port_name,
	.ndo_set_vf_mac		= pcisim_set_vf_mac,
	.ndo_set_vf_vlan	= pcisim_set_vf_vlan,
	.ndo_get_vf_config	= pcisim_get_vf_config,
};

/* Those that a driver makes for the ports of its switch. They have no peer. */
static const struct net_device_ops pcisim_more_ops = {
	.ndo_init		= pcisim_init,
	.ndo_uninit		= pcisim_uninit,
	.ndo_start_xmit		= pcisim_peer_xmit,
	.ndo_get_stats64	= dev_get_tstats64,
	.ndo_set_mac_address	= eth_mac_addr,
	.ndo_get_phys_port_name	= pcisim_get_phys_port_name,
};

static const struct ethtool_ops pcisim_ethtool_ops = {
	.get_link = ethtool_op_get_link,
};

static void pcisim_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->max_mtu = PCISIM_MAX_MTU;
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	dev->priv_flags &= ~IFF_TX_SKB_SHARING;
	dev->features |= PCISIM_FEATURES;
	dev->hw_features |= PCISIM_FEATURES;
	dev->vlan_features |= PCISIM_FEATURES;
#if SIM_LLTX_IS_A_BIT
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
	dev->ethtool_ops = &pcisim_ethtool_ops;
	dev->needs_free_netdev = true;
	dev->priv_destructor = pcisim_destructor;
}

/* What the PF decided comes before what is burnt in. */
static void pcisim_address(struct net_device *dev, struct pcisim_fn *fn,
			   const struct pcisim_link *link)
{
	u8 addr[ETH_ALEN];

	rtnl_lock();
	ether_addr_copy(addr, link == &fn->link ? fn->admin_addr : link->addr);
	rtnl_unlock();
	if (!is_valid_ether_addr(addr))
		ether_addr_copy(addr, link->addr);
	if (is_valid_ether_addr(addr))
		eth_hw_addr_set(dev, addr); /* to the core this is a permanent address */
	else
		eth_hw_addr_random(dev);
}

int pcisim_netdev_add(struct pci_dev *pdev, struct pcisim_fn *fn, const struct pcisim_link *link)
{
	struct pcisim_netdev *end;
	struct net_device *dev;
	int err;

	dev = alloc_netdev(sizeof(*end), link->name,
			   strchr(link->name, '%') ? NET_NAME_ENUM : NET_NAME_PREDICTABLE,
			   pcisim_setup);
	if (!dev)
		return -ENOMEM;
	end = netdev_priv(dev);
	end->dev = dev;
	end->fn = fn;
	end->own = link == &fn->link;
	strscpy(end->port_name, link->port_name, sizeof(end->port_name));
	INIT_LIST_HEAD(&end->joinable);
	dev->netdev_ops = end->own ? &pcisim_own_ops : &pcisim_more_ops;
	dev->dev_port = link->dev_port;
	pcisim_address(dev, fn, link);
	SET_NETDEV_DEV(dev, &pdev->dev);
	netif_carrier_off(dev);
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	list_add_tail(&end->list, &fn->netdevs);
	return 0;
}

/* When the driver is unbound. */
void pcisim_netdevs_del(struct pcisim_fn *fn)
{
	struct pcisim_netdev *end, *next;
	LIST_HEAD(gone);

	rtnl_lock();
	list_for_each_entry_safe(end, next, &fn->netdevs, list) {
		list_del(&end->list);
		unregister_netdevice_queue(end->dev, &gone);
	}
	unregister_netdevice_many(&gone);
	rtnl_unlock();
}
