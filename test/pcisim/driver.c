// SPDX-License-Identifier: GPL-2.0
/* The driver of the functions, of PFs and VFs alike. It has no hardware to set up. */

#include <linux/module.h>
#include <linux/pci.h>

#include "pcisim.h"

static int pcisim_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct pcisim_fn *fn = pcisim_fn_of(pdev);

	if (!fn)
		return -ENODEV; /* another card's */
	pci_set_drvdata(pdev, fn);
	return fn->link.name[0] ? pcisim_netdev_add(pdev, fn, &fn->link) : 0;
}

static void pcisim_remove(struct pci_dev *pdev)
{
	struct pcisim_fn *fn = pci_get_drvdata(pdev);

	if (pdev->is_physfn)
		pci_disable_sriov(pdev);
	pcisim_netdevs_del(fn);
}

/* Network controllers: pcisim_probe() knows which are ours. */
static const struct pci_device_id pcisim_ids[] = {
	{ PCI_DEVICE_CLASS(PCI_CLASS_NETWORK_ETHERNET << 8, ~0) },
	{ }
};

static struct pci_driver pcisim_driver = {
	.name			= PCISIM_NAME,
	.id_table		= pcisim_ids,
	.probe			= pcisim_probe,
	.remove			= pcisim_remove,
	.sriov_configure	= pci_sriov_configure_simple,
};

/* The function's device, locked, if this driver is bound to it; else NULL. */
struct pci_dev *pcisim_bound_get(struct pcisim_fn *fn)
{
	struct pci_dev *pdev = pcisim_fn_device(fn);

	if (!pdev)
		return NULL;
	device_lock(&pdev->dev);
	if (pdev->dev.driver == &pcisim_driver.driver)
		return pdev;
	pcisim_bound_put(pdev);
	return NULL;
}

void pcisim_bound_put(struct pci_dev *pdev)
{
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
}

int pcisim_driver_register(void)
{
	return pci_register_driver(&pcisim_driver);
}

void pcisim_driver_unregister(void)
{
	pci_unregister_driver(&pcisim_driver);
}
