// SPDX-License-Identifier: GPL-2.0
/*
 * Config space: what is in it, and what comes of reading and writing it. The registers
 * are those of the PCI Express Base Specification, as linux/pci_regs.h names them.
 */

#include "compat.h"
#include "pcisim.h"

#define PCISIM_SRIOV(reg)	(PCISIM_SRIOV_CAP + (reg))
#define PCISIM_EXP(reg)		(PCISIM_EXP_CAP + (reg))
#define PCISIM_VPD(reg)		(PCISIM_VPD_CAP + (reg))

/* All else is read-only, also the BARs: a function has no memory and no interrupt. */
static const struct {
	u16 at;
	u16 len;
} pcisim_writable[] = {
	{ PCI_COMMAND, 2 },
	{ PCI_CACHE_LINE_SIZE, 1 },
	{ PCI_INTERRUPT_LINE, 1 },
	{ PCISIM_VPD(PCI_VPD_ADDR), 2 },
	{ PCISIM_VPD(PCI_VPD_DATA), 4 },
	{ PCISIM_EXP(PCI_EXP_DEVCTL), 2 },
	{ PCISIM_EXP(PCI_EXP_LNKCTL), 2 },
	{ PCISIM_EXP(PCI_EXP_DEVCTL2), 2 },
	{ PCISIM_SRIOV(PCI_SRIOV_CTRL), 2 },
	{ PCISIM_SRIOV(PCI_SRIOV_NUM_VF), 2 },
	{ PCISIM_SRIOV(PCI_SRIOV_SYS_PGSIZE), 4 },
};

static bool pcisim_is_writable(int at)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(pcisim_writable); i++)
		if (at >= pcisim_writable[i].at &&
		    at < pcisim_writable[i].at + pcisim_writable[i].len)
			return true;
	return false;
}

static void pcisim_fill_function(struct pcisim_fn *fn)
{
	struct pcisim_pf *pf = fn->pf;
	bool vf = fn->vf >= 0, vpd = pf->vpd.data && (!vf || pf->vpd.of_vfs);
	u8 *config = fn->config;

	/* A VF's IDs are read from its PF's capability. */
	put_unaligned_le16(vf ? 0xffff : pf->vendor, config + PCI_VENDOR_ID);
	put_unaligned_le16(vf ? 0xffff : pf->device, config + PCI_DEVICE_ID);
	put_unaligned_le16(PCI_STATUS_CAP_LIST, config + PCI_STATUS);
	put_unaligned_le32(pf->class << 8, config + PCI_CLASS_REVISION);
	config[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_NORMAL | (vf ? 0 : 0x80); /* several functions */
	put_unaligned_le16(pf->subvendor, config + PCI_SUBSYSTEM_VENDOR_ID);
	put_unaligned_le16(pf->subdevice, config + PCI_SUBSYSTEM_ID);
	config[PCI_CAPABILITY_LIST] = vpd ? PCISIM_VPD_CAP : PCISIM_EXP_CAP;
	if (vpd) {
		config[PCISIM_VPD(PCI_CAP_LIST_ID)] = PCI_CAP_ID_VPD;
		config[PCISIM_VPD(PCI_CAP_LIST_NEXT)] = PCISIM_EXP_CAP;
	}
	config[PCISIM_EXP(PCI_CAP_LIST_ID)] = PCI_CAP_ID_EXP;
	put_unaligned_le16(2 | PCI_EXP_TYPE_ENDPOINT << 4, config + PCISIM_EXP(PCI_EXP_FLAGS));
	put_unaligned_le32(PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR,
			   config + PCISIM_EXP(PCI_EXP_DEVCAP));
}

static void pcisim_fill_sriov(struct pcisim_pf *pf)
{
	u8 *config = pf->fn.config;

	put_unaligned_le32(PCI_EXT_CAP_ID_SRIOV | 1 << 16, config + PCISIM_SRIOV_CAP);
	put_unaligned_le16(pf->total_vfs, config + PCISIM_SRIOV(PCI_SRIOV_INITIAL_VF));
	put_unaligned_le16(pf->total_vfs, config + PCISIM_SRIOV(PCI_SRIOV_TOTAL_VF));
	put_unaligned_le16(pf->vf_offset, config + PCISIM_SRIOV(PCI_SRIOV_VF_OFFSET));
	put_unaligned_le16(pf->vf_stride, config + PCISIM_SRIOV(PCI_SRIOV_VF_STRIDE));
	put_unaligned_le16(pf->vf_device, config + PCISIM_SRIOV(PCI_SRIOV_VF_DID));
	put_unaligned_le32(0x553, config + PCISIM_SRIOV(PCI_SRIOV_SUP_PGSIZE)); /* as required */
	put_unaligned_le32(1, config + PCISIM_SRIOV(PCI_SRIOV_SYS_PGSIZE));
	/* It depends on no other: 8 bits, because the kernel looks for this devfn on the bus. */
	config[PCISIM_SRIOV(PCI_SRIOV_FUNC_LINK)] = pf->fn.rid & 0xff;
}

/* Writes what the kernel is to find when it looks for the PF and its VFs. */
void pcisim_config_fill(struct pcisim_pf *pf)
{
	int i;

	pcisim_fill_function(&pf->fn);
	for (i = 0; i < pf->total_vfs; i++)
		pcisim_fill_function(&pf->vfs[i]);
	if (pf->total_vfs)
		pcisim_fill_sriov(pf);
}

/* How many VFs answer at the moment. */
static int pcisim_enabled_vfs(struct pcisim_pf *pf)
{
	const u8 *config = pf->fn.config;

	if (!(get_unaligned_le16(config + PCISIM_SRIOV(PCI_SRIOV_CTRL)) & PCI_SRIOV_CTRL_VFE))
		return 0;
	return min(get_unaligned_le16(config + PCISIM_SRIOV(PCI_SRIOV_NUM_VF)), pf->total_vfs);
}

/* The function that answers there. Called with the bus's lock held. */
static struct pcisim_fn *pcisim_answering(struct pcisim_bus *bus, u16 rid)
{
	struct pcisim_pf *pf;
	int i;

	list_for_each_entry(pf, &bus->pfs, list) {
		if (pf->fn.rid == rid)
			return &pf->fn;
		i = rid - pf->fn.rid - pf->vf_offset;
		if (!pf->total_vfs || i < 0 || i % pf->vf_stride)
			continue;
		i /= pf->vf_stride;
		if (i < pcisim_enabled_vfs(pf))
			return &pf->vfs[i];
	}
	return NULL;
}

static struct pcisim_bus *pcisim_bus_of(struct pci_bus *bus)
{
	return container_of(bus->sysdata, struct pcisim_bus, sysdata);
}

static int pcisim_config_read(struct pci_bus *pci_bus, unsigned int devfn, int where, int size,
			      u32 *value)
{
	struct pcisim_bus *bus = pcisim_bus_of(pci_bus);
	struct pcisim_fn *fn;
	unsigned long flags;
	int i;

	*value = 0;
	raw_spin_lock_irqsave(&bus->lock, flags);
	fn = pcisim_answering(bus, PCI_DEVID(pci_bus->number, devfn));
	for (i = 0; fn && i < size && where + i < PCISIM_CONFIG_SIZE; i++) {
		u8 byte = fn->config[where + i];

		if (where + i == PCISIM_VPD(PCI_VPD_ADDR) + 1 && pcisim_vpd_done(fn))
			byte ^= PCI_VPD_ADDR_F >> 8;
		*value |= (u32)byte << (8 * i);
	}
	raw_spin_unlock_irqrestore(&bus->lock, flags);
	if (fn)
		return PCIBIOS_SUCCESSFUL;
	PCI_SET_ERROR_RESPONSE(value);
	return PCIBIOS_DEVICE_NOT_FOUND;
}

static int pcisim_config_write(struct pci_bus *pci_bus, unsigned int devfn, int where, int size,
			       u32 value)
{
	struct pcisim_bus *bus = pcisim_bus_of(pci_bus);
	struct pcisim_fn *fn;
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&bus->lock, flags);
	fn = pcisim_answering(bus, PCI_DEVID(pci_bus->number, devfn));
	for (i = 0; fn && i < size; i++) {
		if (!pcisim_is_writable(where + i))
			continue;
		fn->config[where + i] = value >> (8 * i);
		if (where + i == PCISIM_VPD(PCI_VPD_ADDR) + 1)
			pcisim_vpd_start(fn);
		/* A function-level reset is over at once, and the bit reads as 0. */
		if (where + i == PCISIM_EXP(PCI_EXP_DEVCTL) + 1)
			fn->config[where + i] &= ~(PCI_EXP_DEVCTL_BCR_FLR >> 8);
	}
	raw_spin_unlock_irqrestore(&bus->lock, flags);
	return fn ? PCIBIOS_SUCCESSFUL : PCIBIOS_DEVICE_NOT_FOUND;
}

struct pci_ops pcisim_pci_ops = {
	.read	= pcisim_config_read,
	.write	= pcisim_config_write,
};

/* The function that a device of the kernel's is; NULL for those of other buses. */
struct pcisim_fn *pcisim_fn_of(struct pci_dev *pdev)
{
	struct pcisim_fn *fn;
	struct pcisim_bus *bus;
	unsigned long flags;

	if (pdev->bus->ops != &pcisim_pci_ops)
		return NULL;
	bus = pcisim_bus_of(pdev->bus);
	raw_spin_lock_irqsave(&bus->lock, flags);
	fn = pcisim_answering(bus, pci_dev_id(pdev));
	raw_spin_unlock_irqrestore(&bus->lock, flags);
	return fn;
}
