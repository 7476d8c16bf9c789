/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pcisim - the network cards of a host, without the cards
 *
 * A PCI root bus whose config space is kept in memory. The kernel enumerates what it
 * finds there as it does with any bus: sysfs, SR-IOV and VPD are its own. A driver
 * gives the functions netdevs, each of which can be joined to another netdev that
 * stands for the card's end of the function.
 *
 * Locks, in the order they are taken:
 *   sim_lock            buses and PFs; held while a command runs
 *   (the kernel's)      rescan-remove lock, device locks
 *   rtnl_lock()         netdevs, what a PF decided for its VFs, peers
 *   pcisim_bus.lock     config space; the list of PFs as config space shows it
 *
 * A PF is in its bus's list, and stays allocated, for longer than the kernel has a
 * device for it: what runs on behalf of the device needs no lock to use it.
 */
#ifndef PCISIM_H
#define PCISIM_H

#include <linux/completion.h>
#include <linux/etherdevice.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include "compat.h"

#define PCISIM_NAME	"pcisim"

/* Where the capabilities are. What lies beyond the last reads as zeros. */
#define PCISIM_VPD_CAP		0x50
#define PCISIM_EXP_CAP		0x60
#define PCISIM_SRIOV_CAP	0x100
#define PCISIM_CONFIG_SIZE	(PCISIM_SRIOV_CAP + PCI_EXT_CAP_SRIOV_SIZEOF)

/* PCI_VPD_ADDR has 15 bits. */
#define PCISIM_VPD_MAX		SZ_32K
#define PCISIM_SERIAL_LEN	64

/**
 * struct pcisim_bus - a root bus with the bus numbers that are its own
 * @list: in the list of all
 * @sysdata: what the architecture knows of it: domain and NUMA node
 * @busn: its bus numbers, first to last
 * @root: the kernel's
 * @released: the kernel has let go of it
 * @lock: guards @pfs against config accesses, and the contents of config space
 * @pfs: struct pcisim_pf
 */
struct pcisim_bus {
	struct list_head list;
	struct pcisim_sysdata sysdata;
	struct resource busn;
	struct pci_bus *root;
	struct completion released;
	raw_spinlock_t lock;
	struct list_head pfs;
};

/**
 * struct pcisim_link - what a netdev begins with
 * @name: may hold "%d"; empty: there is none
 * @addr: its permanent address, all zeros: none, so that it is given a random one
 * @port_name: phys_port_name, empty: none
 * @dev_port: which port of its function
 */
struct pcisim_link {
	char name[IFNAMSIZ];
	u8 addr[ETH_ALEN];
	char port_name[IFNAMSIZ];
	u16 dev_port;
};

/**
 * struct pcisim_fn - a function, whether or not it is enabled
 * @pf: its PF, or the one that it is itself
 * @vf: its number, -1: it is a PF
 * @rid: bus number and devfn, as in a routing ID
 * @config: the begin of its config space
 * @vpd_ready: when the access to VPD that is under way is done, in ns of ktime;
 *	0: none is, KTIME_MAX: never
 * @link: its own netdev, while the driver is bound
 * @netdevs: its struct pcisim_netdev, the function's own first; guarded by the device's lock
 * @admin_addr: the address that the PF gave it, all zeros: none; guarded by RTNL
 * @vlan: likewise its VLAN, 0: none
 * @qos: and the VLAN's priority
 * @vlan_proto: and its EtherType
 * @peer_name: the netdev that it is to be joined to; guarded by RTNL
 */
struct pcisim_fn {
	struct pcisim_pf *pf;
	int vf;
	u16 rid;
	u8 config[PCISIM_CONFIG_SIZE];
	u64 vpd_ready;
	struct pcisim_link link;
	struct list_head netdevs;
	u8 admin_addr[ETH_ALEN];
	u16 vlan;
	u8 qos;
	__be16 vlan_proto;
	char peer_name[IFNAMSIZ];
};

/**
 * struct pcisim_vpd - what a function has in its VPD
 * @data: as it is stored; NULL: no VPD capability
 * @len: of @data, up to PCISIM_VPD_MAX
 * @hangs_at: accesses from this offset on are never done
 * @delay_ms: how long the others take
 * @of_vfs: the VFs have it, too
 */
struct pcisim_vpd {
	u8 *data;
	u32 len;
	u32 hangs_at;
	u32 delay_ms;
	bool of_vfs;
};

/**
 * struct pcisim_pf - a physical function with its VFs
 * @list: in &pcisim_bus.pfs
 * @bus: where it is
 * @fn: the function itself
 * @vfs: its VFs, @total_vfs of them
 * @total_vfs: 0: no SR-IOV capability
 * @vf_offset: from its routing ID to that of the first VF
 * @vf_stride: from one VF's to the next one's
 * @vendor: of all its functions, as are @subvendor, @subdevice and @class
 * @device: its own
 * @vf_device: of its VFs
 * @subvendor: see @vendor
 * @subdevice: see @vendor
 * @class: see @vendor; class, subclass and interface
 * @vpd: its VPD
 * @vlan_err: what setting a VF's VLAN ends with; guarded by RTNL
 */
struct pcisim_pf {
	struct list_head list;
	struct pcisim_bus *bus;
	struct pcisim_fn fn;
	struct pcisim_fn *vfs;
	u16 total_vfs;
	u16 vf_offset;
	u16 vf_stride;
	u16 vendor;
	u16 device;
	u16 vf_device;
	u16 subvendor;
	u16 subdevice;
	u32 class;
	struct pcisim_vpd vpd;
	int vlan_err;
};

/**
 * struct pcisim_netdev - the private part of a netdev
 * @list: in &pcisim_fn.netdevs
 * @dev: the netdev
 * @fn: whose it is
 * @own: it is the function's own, not a representor
 * @port_name: phys_port_name, empty: none
 * @joinable: in the list of those that may have a peer; guarded by RTNL
 * @peer: the netdev that it is joined to
 */
struct pcisim_netdev {
	struct list_head list;
	struct net_device *dev;
	struct pcisim_fn *fn;
	bool own;
	char port_name[IFNAMSIZ];
	struct list_head joinable;
	struct net_device __rcu *peer;
};

/* bus.c; with sim_lock held */
struct pcisim_bus *pcisim_bus_add(u32 domain, u8 first, u8 last, int node);
void pcisim_bus_del(struct pcisim_bus *bus);
struct pcisim_bus *pcisim_bus_find(u32 domain, u8 number);
void pcisim_reset(void);

/* config.c */
extern struct pci_ops pcisim_pci_ops;
void pcisim_config_fill(struct pcisim_pf *pf);
struct pcisim_fn *pcisim_fn_of(struct pci_dev *pdev);

/* function.c; with sim_lock held */
struct pcisim_pf *pcisim_pf_alloc(struct pcisim_bus *bus, u8 devfn);
int pcisim_vfs_alloc(struct pcisim_pf *pf);
void pcisim_pf_free(struct pcisim_pf *pf);
int pcisim_pf_add(struct pcisim_pf *pf);
void pcisim_pf_del(struct pcisim_pf *pf);
struct pcisim_fn *pcisim_fn_find(struct pcisim_bus *bus, u16 rid);
struct pci_dev *pcisim_fn_device(struct pcisim_fn *fn);

/* vpd.c */
int pcisim_vpd_build(struct pcisim_vpd *vpd, const char *serial, bool bad_checksum);
int pcisim_vpd_from_file(struct pcisim_vpd *vpd);
void pcisim_vpd_file_create(struct dentry *dir);
void pcisim_vpd_file_free(void);
void pcisim_vpd_start(struct pcisim_fn *fn);
bool pcisim_vpd_done(struct pcisim_fn *fn);

/* driver.c */
int pcisim_driver_register(void);
void pcisim_driver_unregister(void);
struct pci_dev *pcisim_bound_get(struct pcisim_fn *fn);
void pcisim_bound_put(struct pci_dev *pdev);

/* netdev.c; with the device's lock held */
int pcisim_netdev_add(struct pci_dev *pdev, struct pcisim_fn *fn, const struct pcisim_link *link);
void pcisim_netdevs_del(struct pcisim_fn *fn);

/* peer.c; with RTNL held, but for the notifier's */
void pcisim_peer_allow(struct pcisim_netdev *end);
void pcisim_peer_forbid(struct pcisim_netdev *end);
void pcisim_peer_set(struct pcisim_fn *fn, const char *name);
void pcisim_peer_open(struct pcisim_netdev *end);
netdev_tx_t pcisim_peer_xmit(struct sk_buff *skb, struct net_device *dev);
int pcisim_peer_notifier_register(void);
void pcisim_peer_notifier_unregister(void);

/* iommu.c */
int pcisim_iommu_register(void);
void pcisim_iommu_unregister(void);

/* devcmd.c; with sim_lock held */
int pcisim_cmd_dev_add(struct pcisim_bus *bus, u8 devfn, char *line);
int pcisim_cmd_fn(const char *command, struct pcisim_fn *fn, char *line);

#endif
