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

struct pcisim_bus *pcisim_bus_add(u32 domain, u8 first, u8 last, int node)
{
	struct pcisim_bus *bus;
	LIST_HEAD(resources);
	int number;

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

	pci_add_resource(&resources, &bus->busn);
	pci_lock_rescan_remove();
	bus->root = pci_create_root_bus(NULL, first, &pcisim_pci_ops, &bus->sysdata, &resources);
	if (bus->root) {
		pci_set_host_bridge_release(to_pci_host_bridge(bus->root->bridge),
					    pcisim_bridge_release, bus);
		pci_bus_add_devices(bus->root);
	}
	pci_unlock_rescan_remove();
	if (!bus->root) {
		pci_free_resource_list(&resources);
		kfree(bus);
		return ERR_PTR(-ENOMEM);
	}
	list_add_tail(&bus->list, &pcisim_buses);
	return bus;
}

/* Removes it with all that is on it, and waits until nobody uses any of that. */
void pcisim_bus_del(struct pcisim_bus *bus)
{
	struct device *bridge = bus->root->bridge;
	struct pcisim_pf *pf, *next;

	list_del(&bus->list);
	pci_lock_rescan_remove();
	pci_stop_root_bus(bus->root);
	pci_remove_root_bus(bus->root);
	pci_unlock_rescan_remove();
	put_device(bridge); /* pci_create_root_bus() got it for us */
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
