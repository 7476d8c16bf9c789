// SPDX-License-Identifier: GPL-2.0
/*
 * An IOMMU for the simulated functions, with a group for each: vfio-pci binds to
 * nothing else. They do no DMA, so there is nothing to translate, and no domain but
 * the one that translates nothing: VFIO can take a function, but not give it memory.
 */

#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "compat.h"
#include "pcisim.h"

static struct iommu_device pcisim_iommu;

static bool pcisim_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

#if PCISIM_ATTACH_KNOWS_OLD
static int pcisim_domain_attach(struct iommu_domain *domain, struct device *dev,
				struct iommu_domain *old)
#else
static int pcisim_domain_attach(struct iommu_domain *domain, struct device *dev)
#endif
{
	return 0;
}

#if PCISIM_ONE_IDENTITY_DOMAIN
static const struct iommu_domain_ops pcisim_domain_ops = {
	.attach_dev	= pcisim_domain_attach,
};

static struct iommu_domain pcisim_identity = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &pcisim_domain_ops,
};
#else
static struct iommu_domain *pcisim_domain_alloc(unsigned int type)
{
	return type == IOMMU_DOMAIN_IDENTITY ? kzalloc(sizeof(struct iommu_domain), GFP_KERNEL) :
					       NULL;
}

static void pcisim_domain_free(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops pcisim_domain_ops = {
	.attach_dev	= pcisim_domain_attach,
	.free		= pcisim_domain_free,
};
#endif

static struct iommu_device *pcisim_iommu_probe(struct device *dev)
{
	if (!dev_is_pci(dev) || to_pci_dev(dev)->bus->ops != &pcisim_pci_ops)
		return ERR_PTR(-ENODEV);
	return &pcisim_iommu;
}

static void pcisim_iommu_release(struct device *dev)
{
}

static int pcisim_def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

/*
 * The core wants operations in a module's memory to name the module, and then keeps
 * the module while there are devices. But these devices are the module's own: they go
 * when it goes. So its memory isn't where the operations are.
 */
static struct iommu_ops *pcisim_iommu_ops;

static const struct iommu_ops pcisim_iommu_template = {
	.capable		= pcisim_iommu_capable,
#if PCISIM_ONE_IDENTITY_DOMAIN
	.identity_domain	= &pcisim_identity,
#else
	.domain_alloc		= pcisim_domain_alloc,
	.default_domain_ops	= &pcisim_domain_ops,
#endif
	.probe_device		= pcisim_iommu_probe,
	.release_device		= pcisim_iommu_release,
	.device_group		= generic_device_group,
	.def_domain_type	= pcisim_def_domain_type,
};

int pcisim_iommu_register(void)
{
	int err;

	pcisim_iommu_ops = kmemdup(&pcisim_iommu_template, sizeof(pcisim_iommu_template),
				   GFP_KERNEL);
	if (!pcisim_iommu_ops)
		return -ENOMEM;
	err = iommu_device_sysfs_add(&pcisim_iommu, NULL, NULL, PCISIM_NAME);
	if (err)
		goto free;
	err = iommu_device_register(&pcisim_iommu, pcisim_iommu_ops, NULL);
	if (err)
		goto remove;
	return 0;

remove:
	iommu_device_sysfs_remove(&pcisim_iommu);
free:
	kfree(pcisim_iommu_ops);
	return err;
}

void pcisim_iommu_unregister(void)
{
	iommu_device_unregister(&pcisim_iommu);
#if PCISIM_BUS_HAS_IOMMU_OPS
	/*
	 * They are left to the buses, for an IOMMU that is never to come back. Arm has
	 * more buses that keep them, to which no device comes later.
	 */
	pci_bus_type.iommu_ops = NULL;
	platform_bus_type.iommu_ops = NULL;
#endif
	iommu_device_sysfs_remove(&pcisim_iommu);
	kfree(pcisim_iommu_ops);
}
