// SPDX-License-Identifier: GPL-2.0
/* The module, and the commands that drive it; README.md describes them. */

#include <linux/acpi.h>
#include <linux/module.h>
#include <linux/nodemask.h>

#include "control.h"
#include "pcisim.h"
#include "words.h"

/* bus add DOMAIN:FIRST-LAST [numa=NODE] */
static int pcisim_cmd_bus_add(char *line)
{
	char *word = sim_word(&line) ?: "", *key, *value;
	unsigned int domain, first, last;
	int node = NUMA_NO_NODE, end = 0, err;
	struct pcisim_bus *bus;

	if (sscanf(word, "%x:%2x-%2x%n", &domain, &first, &last, &end) != 3 || word[end] ||
	    first > last)
		return sim_fail(-EINVAL, "\"%s\" is not DOMAIN:FIRST-LAST in hex", word);
	/* Like a domain behind Intel's VMD, it may have more than 16 bits. */
	if (!domain || domain > INT_MAX)
		return sim_fail(-ERANGE, "domain 0 is the machine's, and 7fffffff the last");
	while ((err = sim_option(&line, &key, &value)) > 0) {
		if (strcmp(key, "numa"))
			return sim_fail(-EINVAL, "a bus has no %s", key);
		if (kstrtoint(value, 10, &node) || node < 0 || node >= MAX_NUMNODES ||
		    !node_online(node))
			return sim_fail(-EINVAL, "the machine has no NUMA node %s", value);
	}
	if (err)
		return err;
	bus = pcisim_bus_add(domain, first, last, node);
	return PTR_ERR_OR_ZERO(bus);
}

/* bus del DOMAIN:FIRST */
static int pcisim_cmd_bus_del(char *line)
{
	char *word = sim_word(&line) ?: "";
	struct pcisim_bus *bus;
	unsigned int domain, first;
	int end = 0, err = sim_end(line);

	if (err)
		return err;
	if (sscanf(word, "%x:%2x%n", &domain, &first, &end) != 2 || word[end])
		return sim_fail(-EINVAL, "\"%s\" is not DOMAIN:FIRST in hex", word);
	bus = pcisim_bus_find(domain, first);
	if (!bus || bus->busn.start != first)
		return sim_fail(-ENODEV, "no bus begins at %s", word);
	pcisim_bus_del(bus);
	return 0;
}

/* DOMAIN:BUS:SLOT.FUNCTION */
static struct pcisim_bus *pcisim_address_word(char **line, u16 *rid)
{
	char *word = sim_word(line) ?: "";
	unsigned int domain, number, slot, function;
	struct pcisim_bus *bus;
	int end = 0;

	if (sscanf(word, "%x:%2x:%2x.%1x%n", &domain, &number, &slot, &function, &end) != 4 ||
	    word[end] || slot > 0x1f || function > 7)
		return ERR_PTR(sim_fail(-EINVAL, "\"%s\" is no address of a function", word));
	bus = pcisim_bus_find(domain, number);
	if (!bus)
		return ERR_PTR(sim_fail(-ENODEV, "there is no bus %04x:%02x: bus add makes it",
					domain, number));
	*rid = PCI_DEVID(number, PCI_DEVFN(slot, function));
	return bus;
}

static int pcisim_cmd_dev(const char *verb, char *line)
{
	struct pcisim_bus *bus;
	struct pcisim_fn *fn;
	u16 rid;
	int err;

	bus = pcisim_address_word(&line, &rid);
	if (IS_ERR(bus))
		return PTR_ERR(bus);
	if (!strcmp(verb, "add")) {
		if (PCI_BUS_NUM(rid) != bus->busn.start)
			return sim_fail(-EINVAL, "devices are on bus %02x, only VFs beyond it",
					(u8)bus->busn.start);
		return pcisim_cmd_dev_add(bus, rid & 0xff, line);
	}
	fn = pcisim_fn_find(bus, rid);
	if (!fn || fn->vf >= 0)
		return sim_fail(-ENODEV, "there is no such PF");
	err = sim_end(line);
	if (!err)
		pcisim_pf_del(fn->pf);
	return err;
}

static int pcisim_command(char *line)
{
	char *command = sim_word(&line), *verb;
	struct pcisim_bus *bus;
	struct pcisim_fn *fn;
	u16 rid;
	int err;

	if (!strcmp(command, "reset")) {
		err = sim_end(line);
		if (!err)
			pcisim_reset();
		return err;
	}
	if (!strcmp(command, "bus") || !strcmp(command, "dev")) {
		verb = sim_word(&line) ?: "";
		if (strcmp(verb, "add") && strcmp(verb, "del"))
			return sim_fail(-EINVAL, "there is no command %s %s", command, verb);
		if (!strcmp(command, "dev"))
			return pcisim_cmd_dev(verb, line);
		return !strcmp(verb, "add") ? pcisim_cmd_bus_add(line) : pcisim_cmd_bus_del(line);
	}
	if (strcmp(command, "vpd") && strcmp(command, "netdev") && strcmp(command, "peer") &&
	    strcmp(command, "vf-vlan"))
		return sim_fail(-EINVAL, "there is no command %s", command);
	bus = pcisim_address_word(&line, &rid);
	if (IS_ERR(bus))
		return PTR_ERR(bus);
	fn = pcisim_fn_find(bus, rid);
	return fn ? pcisim_cmd_fn(command, fn, line) : sim_fail(-ENODEV, "there is no such function");
}

static int __init pcisim_module_init(void)
{
	int err;

	/* There all buses are taken for ACPI's, and what is behind them for its structures. */
	if (!IS_ENABLED(CONFIG_X86) && !acpi_disabled) {
		pr_err("%s: the machine must have been booted without ACPI\n", PCISIM_NAME);
		return -EOPNOTSUPP;
	}
	err = pcisim_iommu_register();
	if (err)
		return err;
	err = pcisim_peer_notifier_register();
	if (err)
		goto iommu;
	err = pcisim_driver_register();
	if (err)
		goto notifier;
	pcisim_vpd_file_create(sim_control_create(PCISIM_NAME, pcisim_command));
	return 0;

notifier:
	pcisim_peer_notifier_unregister();
iommu:
	pcisim_iommu_unregister();
	return err;
}

static void __exit pcisim_module_exit(void)
{
	sim_control_remove();
	mutex_lock(&sim_lock);
	pcisim_reset();
	mutex_unlock(&sim_lock);
	pcisim_driver_unregister();
	pcisim_peer_notifier_unregister();
	pcisim_iommu_unregister();
	pcisim_vpd_file_free();
}

module_init(pcisim_module_init);
module_exit(pcisim_module_exit);
MODULE_DESCRIPTION("Simulated network cards with SR-IOV and VPD, on a PCI bus of their own");
MODULE_LICENSE("GPL");
