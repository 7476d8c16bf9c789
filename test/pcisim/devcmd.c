// SPDX-License-Identifier: GPL-2.0
/* The commands on devices; README.md describes them. */

#include <linux/rtnetlink.h>

#include "pcisim.h"
#include "words.h"

/* What dev add says beside what struct pcisim_pf holds. */
struct pcisim_given {
	char serial[PCISIM_SERIAL_LEN];
	bool bad_checksum;
	bool from_file;
	char vf_prefix[IFNAMSIZ];
	bool vf_unnamed;
	u8 vf_addr[ETH_ALEN];
};

/* VVVV:DDDD */
static int pcisim_ids_parse(const char *text, u16 *vendor, u16 *device)
{
	unsigned int v, d;
	int end = 0;

	if (sscanf(text, "%4x:%4x%n", &v, &d, &end) != 2 || text[end])
		return sim_fail(-EINVAL, "\"%s\" is not VENDOR:DEVICE in hex", text);
	*vendor = v;
	*device = d;
	return 0;
}

static int pcisim_vlan_parse(const char *text, int *err)
{
	if (!strcmp(text, "ok"))
		*err = 0;
	else if (!strcmp(text, "EPERM"))
		*err = -EPERM;
	else if (!strcmp(text, "EOPNOTSUPP"))
		*err = -EOPNOTSUPP;
	else
		return sim_fail(-EINVAL, "vf-vlan is ok, EPERM or EOPNOTSUPP");
	return 0;
}

/* Refuses what a driver couldn't use: the kernel would say so in its own log only. */
static int pcisim_name_parse(const char *text, char *name)
{
	struct net_device *dev;
	int err = sim_ifname_parse(text, name);

	if (err)
		return err;
	if (!dev_valid_name(name))
		return sim_fail(-EINVAL, "\"%s\" is no name for a netdev", name);
	dev = strchr(name, '%') ? NULL : dev_get_by_name(&init_net, name);
	if (!dev)
		return 0;
	dev_put(dev);
	return sim_fail(-EEXIST, "there is a netdev %s", name);
}

static int pcisim_vpd_option(struct pcisim_vpd *vpd, struct pcisim_given *given, const char *key,
			     const char *value)
{
	if (!strcmp(key, "serial")) {
		if (!*value || strscpy(given->serial, value, sizeof(given->serial)) < 0)
			return sim_fail(-EINVAL, "a serial has 1 to %d characters",
					PCISIM_SERIAL_LEN - 1);
		return 0;
	} else if (!strcmp(key, "vpd")) {
		given->from_file = !strcmp(value, "file");
		return given->from_file ? 0 : sim_fail(-EINVAL, "vpd is file");
	} else if (!strcmp(key, "vpd-checksum")) {
		given->bad_checksum = !strcmp(value, "bad");
		return given->bad_checksum ? 0 : sim_fail(-EINVAL, "vpd-checksum is bad");
	} else if (!strcmp(key, "vpd-hang")) {
		return kstrtou32(value, 0, &vpd->hangs_at);
	} else if (!strcmp(key, "vpd-delay")) {
		return kstrtou32(value, 10, &vpd->delay_ms);
	} else if (!strcmp(key, "vf-vpd")) {
		return kstrtobool(value, &vpd->of_vfs);
	}
	return sim_fail(-EINVAL, "a device has no %s", key);
}

static int pcisim_vf_option(struct pcisim_pf *pf, struct pcisim_given *given, const char *key,
			    const char *value)
{
	if (!strcmp(key, "vfs")) {
		return kstrtou16(value, 10, &pf->total_vfs);
	} else if (!strcmp(key, "vf-id")) {
		return kstrtou16(value, 16, &pf->vf_device);
	} else if (!strcmp(key, "vf-offset")) {
		return kstrtou16(value, 10, &pf->vf_offset);
	} else if (!strcmp(key, "vf-stride")) {
		return kstrtou16(value, 10, &pf->vf_stride);
	} else if (!strcmp(key, "vf-mac")) {
		return sim_mac_parse(value, given->vf_addr);
	} else if (!strcmp(key, "vf-netdev")) {
		given->vf_unnamed = !strcmp(value, "none");
		return given->vf_unnamed ? 0 : sim_ifname_parse(value, given->vf_prefix);
	} else if (!strcmp(key, "vf-vlan")) {
		return pcisim_vlan_parse(value, &pf->vlan_err);
	}
	return pcisim_vpd_option(&pf->vpd, given, key, value);
}

static int pcisim_link_option(struct pcisim_link *link, const char *key, const char *value)
{
	if (!strcmp(key, "mac"))
		return sim_mac_parse(value, link->addr);
	else if (!strcmp(key, "port-name"))
		return sim_ifname_parse(value, link->port_name);
	else if (!strcmp(key, "dev-port"))
		return kstrtou16(value, 10, &link->dev_port);
	return -ENOENT;
}

static int pcisim_option(struct pcisim_pf *pf, struct pcisim_given *given, const char *key,
			 const char *value)
{
	int err = pcisim_link_option(&pf->fn.link, key, value);

	if (err != -ENOENT) {
		return err;
	} else if (!strcmp(key, "netdev")) {
		if (strcmp(value, "none"))
			return pcisim_name_parse(value, pf->fn.link.name);
		pf->fn.link.name[0] = '\0';
		return 0;
	} else if (!strcmp(key, "id")) {
		return pcisim_ids_parse(value, &pf->vendor, &pf->device);
	} else if (!strcmp(key, "subsystem")) {
		return pcisim_ids_parse(value, &pf->subvendor, &pf->subdevice);
	} else if (!strcmp(key, "class")) {
		return kstrtou32(value, 16, &pf->class);
	}
	return pcisim_vf_option(pf, given, key, value);
}

/* What there is without options: a DPU's function, as a host sees it. */
static void pcisim_defaults(struct pcisim_pf *pf)
{
	pf->vendor = PCI_VENDOR_ID_MELLANOX;
	pf->device = 0xa2dc;
	pf->vf_device = 0x101e;
	pf->subvendor = PCI_VENDOR_ID_MELLANOX;
	pf->subdevice = 0x0009;
	pf->class = PCI_CLASS_NETWORK_ETHERNET << 8;
	pf->vf_stride = 1;
	strscpy(pf->fn.link.name, "eth%d", sizeof(pf->fn.link.name));
}

/* From the next slot on, behind the VFs of the other functions of this one. */
static u16 pcisim_default_offset(struct pcisim_pf *pf)
{
	u32 first = (pf->fn.rid | 7) + 1;
	struct pcisim_pf *other;

	list_for_each_entry(other, &pf->bus->pfs, list)
		if (other->fn.rid >> 3 == pf->fn.rid >> 3 && other->total_vfs)
			first = max_t(u32, first, other->vfs[other->total_vfs - 1].rid + 1);
	return first - pf->fn.rid;
}

static int pcisim_complete_vfs(struct pcisim_pf *pf, struct pcisim_given *given)
{
	int i, err;

	if (!pf->vf_offset)
		pf->vf_offset = pcisim_default_offset(pf);
	if (!pf->vf_stride)
		return sim_fail(-EINVAL, "vf-stride is 1 or more");
	err = pcisim_vfs_alloc(pf);
	for (i = 0; !err && i < pf->total_vfs; i++) {
		struct pcisim_link *link = &pf->vfs[i].link;

		if (is_valid_ether_addr(given->vf_addr))
			u64_to_ether_addr(ether_addr_to_u64(given->vf_addr) + i, link->addr);
		if (given->vf_unnamed)
			continue;
		if (!given->vf_prefix[0])
			strscpy(link->name, "eth%d", sizeof(link->name));
		else if (snprintf(link->name, sizeof(link->name), "%s%d", given->vf_prefix, i) >=
				 sizeof(link->name) ||
			 !dev_valid_name(link->name))
			err = sim_fail(-EINVAL, "vf-netdev is no prefix for a netdev's name");
	}
	return err;
}

/* Judges what was given, and fills in what follows from it. */
static int pcisim_complete(struct pcisim_pf *pf, struct pcisim_given *given)
{
	/* Whose quirks read a register in the BAR that our functions don't have. */
	if (pf->vendor == PCI_VENDOR_ID_MELLANOX &&
	    (pf->device == PCI_DEVICE_ID_MELLANOX_CONNECTX4 ||
	     pf->device == PCI_DEVICE_ID_MELLANOX_CONNECTX4_LX))
		return sim_fail(-EOPNOTSUPP, "the kernel reads the memory of a ConnectX-4");
	if (!is_zero_ether_addr(pf->fn.link.addr) && !is_valid_ether_addr(pf->fn.link.addr))
		return sim_fail(-EINVAL, "mac= is no address for a netdev");
	if (!is_zero_ether_addr(given->vf_addr) && !is_valid_ether_addr(given->vf_addr))
		return sim_fail(-EINVAL, "vf-mac= is no address for a netdev");
	if (given->serial[0] && given->from_file)
		return sim_fail(-EINVAL, "serial= and vpd=file exclude each other");
	if (given->bad_checksum && !given->serial[0])
		return sim_fail(-EINVAL, "vpd-checksum= needs serial=");
	if (pf->class >> 24)
		return sim_fail(-EINVAL, "class has 24 bits");
	return pcisim_complete_vfs(pf, given);
}

static int pcisim_cmd_dev_parse(struct pcisim_pf *pf, struct pcisim_given *given, char *line)
{
	char *key, *value;
	int err;

	while ((err = sim_option(&line, &key, &value)) > 0) {
		err = pcisim_option(pf, given, key, value);
		if (err) {
			if (!sim_reason[0])
				sim_fail(err, "%s is out of range or malformed", key);
			return err;
		}
	}
	if (!err)
		err = pcisim_complete(pf, given);
	if (!err && given->from_file)
		err = pcisim_vpd_from_file(&pf->vpd);
	if (!err && given->serial[0])
		err = pcisim_vpd_build(&pf->vpd, given->serial, given->bad_checksum);
	return err;
}

/* dev add ADDRESS [KEY=VALUE...] */
int pcisim_cmd_dev_add(struct pcisim_bus *bus, u8 devfn, char *line)
{
	struct pcisim_given given = { };
	struct pcisim_pf *pf = pcisim_pf_alloc(bus, devfn);
	int err;

	if (!pf)
		return -ENOMEM;
	pcisim_defaults(pf);
	err = pcisim_cmd_dev_parse(pf, &given, line);
	if (!err)
		err = pcisim_pf_add(pf);
	if (err)
		pcisim_pf_free(pf);
	return err;
}

/* vpd ADDRESS [KEY=VALUE...] */
static int pcisim_cmd_vpd(struct pcisim_fn *fn, char *line)
{
	struct pcisim_vpd *vpd = &fn->pf->vpd;
	struct pcisim_vpd changed = { .hangs_at = U32_MAX };
	struct pcisim_given given = { };
	char *key, *value;
	unsigned long flags;
	int err;

	if (!vpd->data)
		return sim_fail(-EOPNOTSUPP, "it has no VPD capability");
	while ((err = sim_option(&line, &key, &value)) > 0) {
		if (!strcmp(key, "vf-vpd"))
			err = sim_fail(-EINVAL, "a VF's capabilities don't change");
		else
			err = pcisim_vpd_option(&changed, &given, key, value);
		if (err)
			return err;
	}
	if (err)
		return err;
	if (given.from_file)
		err = pcisim_vpd_from_file(&changed);
	else if (given.serial[0])
		err = pcisim_vpd_build(&changed, given.serial, given.bad_checksum);
	if (err)
		return err;
	raw_spin_lock_irqsave(&fn->pf->bus->lock, flags);
	if (changed.data) {
		swap(vpd->data, changed.data);
		vpd->len = changed.len;
	}
	vpd->hangs_at = changed.hangs_at;
	vpd->delay_ms = changed.delay_ms;
	raw_spin_unlock_irqrestore(&fn->pf->bus->lock, flags);
	kvfree(changed.data);
	return 0;
}

/* netdev ADDRESS IFNAME [KEY=VALUE...]: one more, as for a port of the card's switch */
static int pcisim_cmd_netdev(struct pcisim_fn *fn, char *line)
{
	char *name = sim_word(&line) ?: "", *key, *value;
	struct pcisim_link link = { };
	struct pci_dev *pdev;
	int err = pcisim_name_parse(name, link.name);

	if (err)
		return err;
	while ((err = sim_option(&line, &key, &value)) > 0) {
		err = pcisim_link_option(&link, key, value);
		if (err == -ENOENT)
			err = sim_fail(-EINVAL, "a netdev has no %s", key);
		if (err)
			return err;
	}
	if (err)
		return err;
	pdev = pcisim_bound_get(fn);
	if (!pdev)
		return sim_fail(-ENODEV, "the driver pcisim isn't bound to it");
	err = pcisim_netdev_add(pdev, fn, &link);
	pcisim_bound_put(pdev);
	return err;
}

/* Commands on a function that exists, with their words still to be read. */
int pcisim_cmd_fn(const char *command, struct pcisim_fn *fn, char *line)
{
	char name[IFNAMSIZ] = "";
	char *word;
	int err, vlan_err;

	if (!strcmp(command, "vpd"))
		return pcisim_cmd_vpd(fn, line);
	if (!strcmp(command, "netdev"))
		return pcisim_cmd_netdev(fn, line);
	word = sim_word(&line);
	if (!word)
		return sim_fail(-EINVAL, "%s needs a value", command);
	err = sim_end(line);
	if (err)
		return err;
	if (!strcmp(command, "peer")) {
		err = strcmp(word, "none") ? sim_ifname_parse(word, name) : 0;
		if (err)
			return err;
		rtnl_lock();
		pcisim_peer_set(fn, name);
		rtnl_unlock();
		return 0;
	} else if (!strcmp(command, "vf-vlan")) {
		err = pcisim_vlan_parse(word, &vlan_err);
		if (err)
			return err;
		rtnl_lock();
		fn->pf->vlan_err = vlan_err;
		rtnl_unlock();
		return 0;
	}
	return sim_fail(-EINVAL, "there is no command %s", command);
}
