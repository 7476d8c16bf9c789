// SPDX-License-Identifier: GPL-2.0
/* The functions of a bus: putting them there, taking them away, finding them. */

#include <linux/slab.h>

#include "pcisim.h"
#include "words.h"

struct pcisim_pf *pcisim_pf_alloc(struct pcisim_bus *bus, u8 devfn)
{
	struct pcisim_pf *pf = kzalloc(sizeof(*pf), GFP_KERNEL);

	if (!pf)
		return NULL;
	pf->bus = bus;
	pf->fn.pf = pf;
	pf->fn.vf = -1;
	pf->fn.rid = PCI_DEVID(bus->busn.start, devfn);
	INIT_LIST_HEAD(&pf->fn.netdevs);
	pf->vpd.hangs_at = U32_MAX;
	return pf;
}

/* When it is known how many there are, and where. */
int pcisim_vfs_alloc(struct pcisim_pf *pf)
{
	u32 last = pf->fn.rid + pf->vf_offset + (pf->total_vfs - 1) * pf->vf_stride;
	int i;

	if (!pf->total_vfs)
		return 0;
	if (last > U16_MAX)
		return sim_fail(-ERANGE, "its last VF would be beyond bus ff");
	pf->vfs = kvcalloc(pf->total_vfs, sizeof(*pf->vfs), GFP_KERNEL);
	if (!pf->vfs)
		return -ENOMEM;
	for (i = 0; i < pf->total_vfs; i++) {
		pf->vfs[i].pf = pf;
		pf->vfs[i].vf = i;
		pf->vfs[i].rid = pf->fn.rid + pf->vf_offset + i * pf->vf_stride;
		INIT_LIST_HEAD(&pf->vfs[i].netdevs);
	}
	return 0;
}

void pcisim_pf_free(struct pcisim_pf *pf)
{
	kvfree(pf->vpd.data);
	kvfree(pf->vfs);
	kfree(pf);
}

/* Finds a function, also a VF that isn't enabled. */
struct pcisim_fn *pcisim_fn_find(struct pcisim_bus *bus, u16 rid)
{
	struct pcisim_pf *pf;
	int i;

	list_for_each_entry(pf, &bus->pfs, list) {
		if (pf->fn.rid == rid)
			return &pf->fn;
		for (i = 0; i < pf->total_vfs; i++)
			if (pf->vfs[i].rid == rid)
				return &pf->vfs[i];
	}
	return NULL;
}

/* The kernel's device for it, with a reference; NULL: it has none at the moment. */
struct pci_dev *pcisim_fn_device(struct pcisim_fn *fn)
{
	return pci_get_domain_bus_and_slot(fn->pf->bus->sysdata.domain, PCI_BUS_NUM(fn->rid),
					   fn->rid & 0xff);
}

static int pcisim_check_free(struct pcisim_bus *bus, struct pcisim_fn *fn)
{
	if (!pcisim_fn_find(bus, fn->rid))
		return 0;
	return sim_fail(-EEXIST, "there is a function %02x:%02x.%x", PCI_BUS_NUM(fn->rid),
			PCI_SLOT(fn->rid), PCI_FUNC(fn->rid));
}

static void pcisim_list(struct pcisim_pf *pf, bool there)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pf->bus->lock, flags);
	if (there)
		list_add_tail(&pf->list, &pf->bus->pfs);
	else
		list_del(&pf->list);
	raw_spin_unlock_irqrestore(&pf->bus->lock, flags);
}

/* Puts it on its bus and lets the kernel find it. When it fails the PF is still the caller's. */
int pcisim_pf_add(struct pcisim_pf *pf)
{
	struct pcisim_bus *bus = pf->bus;
	struct pci_dev *pdev;
	int i, err;

	err = pcisim_check_free(bus, &pf->fn);
	for (i = 0; !err && i < pf->total_vfs; i++)
		err = pcisim_check_free(bus, &pf->vfs[i]);
	if (err)
		return err;
	pcisim_config_fill(pf);
	pci_lock_rescan_remove();
	pcisim_list(pf, true);
	pdev = pci_scan_single_device(bus->root, pf->fn.rid & 0xff);
	if (pdev)
		pci_bus_add_device(pdev);
	else
		pcisim_list(pf, false);
	pci_unlock_rescan_remove();
	return pdev ? 0 : -ENOMEM;
}

/* Removes it, with its VFs, as if the card were pulled out after a warning. */
void pcisim_pf_del(struct pcisim_pf *pf)
{
	struct pci_dev *pdev;

	pci_lock_rescan_remove();
	pdev = pcisim_fn_device(&pf->fn);
	if (pdev) {
		pci_stop_and_remove_bus_device(pdev);
		pci_dev_put(pdev);
	}
	pcisim_list(pf, false);
	pci_unlock_rescan_remove();
	pcisim_pf_free(pf);
}
