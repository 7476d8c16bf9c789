// SPDX-License-Identifier: GPL-2.0
/* The root buses. Each has its own part of a PCI domain that the machine doesn't use. */

#include <linux/slab.h>

#include "control.h"
#include "pcisim.h"
#include "words.h"

/* Guarded by sim_lock. */
static LIST_HEAD(pcisim_buses);

static void pcisim_bridge_release(struct pci_host_bridge *bridge)
{
	struct pcisim_bus *bus = bridge->release_data;

	complete(&bus->released);
}

struct pcisim_bus *pcisim_bus_find(u32 domain, u8 number)
{
	struct pcisim_bus *bus;

	list_for_each_entry(bus, &pcisim_buses, list)
		if (bus->sysdata.domain == domain && number >= bus->busn.start &&
		    number <= bus->busn.end)
			return bus;
	return NULL;
}

/* Makes the bridge and the bus behind it, on which there is nothing yet. */
static int pcisim_bridge_add(struct pcisim_bus *bus)
{
	struct pci_host_bridge *bridge = pci_alloc_host_bridge(0);
	int err;

	if (!bridge)
		return -ENOMEM;
	pci_set_host_bridge_release(bridge, pcisim_bridge_release, bus);
	pci_add_resource(&bridge->windows, &bus->busn);
	bridge->ops = &pcisim_pci_ops;
	bridge->busnr = bus->busn.start;
	bridge->domain_nr = bus->sysdata.domain;
	bridge->sysdata = &bus->sysdata;
	pci_lock_rescan_remove();
	err = pci_scan_root_bus_bridge(bridge);
	if (!err) {
		bus->root = bridge->bus;
		/*
		 * Where the architecture doesn't ask sysdata, devices have their bus's
		 * node, and buses the bridge's.
		 */
		set_dev_node(&bridge->dev, bus->sysdata.node);
		set_dev_node(&bus->root->dev, bus->sysdata.node);
		pci_bus_add_devices(bus->root);
	}
	pci_unlock_rescan_remove();
	if (err)
		pci_free_host_bridge(bridge);
	return err;
}

struct pcisim_bus *pcisim_bus_add(u32 domain, u8 first, u8 last, int node)
{
	struct pcisim_bus *bus;
	int number, err;

	for (number = first; number <= last; number++)
		if (pcisim_bus_find(domain, number) || pci_find_bus(domain, number))
			return ERR_PTR(sim_fail(-EEXIST, "there is a bus %04x:%02x", domain,
						number));
	bus = kzalloc(sizeof(*bus), GFP_KERNEL);
	if (!bus)
		return ERR_PTR(-ENOMEM);
	bus->sysdata.domain = domain;
	bus->sysdata.node = node;
	bus->busn.name = PCISIM_NAME;
	bus->busn.start = first;
	bus->busn.end = last;
	bus->busn.flags = IORESOURCE_BUS;
	init_completion(&bus->released);
	raw_spin_lock_init(&bus->lock);
	INIT_LIST_HEAD(&bus->pfs);

	err = pcisim_bridge_add(bus);
	if (err) {
		kfree(bus);
		return ERR_PTR(err);
	}
	list_add_tail(&bus->list, &pcisim_buses);
	return bus;
}

/* Removes it with all that is on it, and waits until nobody uses any of that. */
void pcisim_bus_del(struct pcisim_bus *bus)
{
	struct pci_host_bridge *bridge = to_pci_host_bridge(bus->root->bridge);
	struct pcisim_pf *pf, *next;

	list_del(&bus->list);
	pci_lock_rescan_remove();
	pci_stop_root_bus(bus->root);
	pci_remove_root_bus(bus->root);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(bridge);
	wait_for_completion(&bus->released);
	list_for_each_entry_safe(pf, next, &bus->pfs, list)
		pcisim_pf_free(pf);
	kfree(bus);
}

void pcisim_reset(void)
{
	struct pcisim_bus *bus, *next;

	list_for_each_entry_safe(bus, next, &pcisim_buses, list)
		pcisim_bus_del(bus);
}
