/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels and the architectures that the module is built for;
 * simctl/kernels.h has what other simulators share.
 */
#ifndef PCISIM_COMPAT_H
#define PCISIM_COMPAT_H

#include <linux/pci.h>

#include "kernels.h"

/*
 * What the architecture wants to find behind a root bus. x86 takes the domain and the
 * NUMA node from there; others take them from the bridge and from the devices.
 */
#ifdef CONFIG_X86
#define pcisim_sysdata		pci_sysdata
#else
struct pcisim_sysdata {
	int domain;
	int node;
};
#endif

/* From 6.6 on there is one identity domain for all devices. Before, each asks for its own. */
#define PCISIM_ONE_IDENTITY_DOMAIN	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0))

/* Until 6.8 a bus had one IOMMU driver, and kept it for ever. */
#define PCISIM_BUS_HAS_IOMMU_OPS	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))

/* From 6.19 on who attaches a device is told which domain it leaves. */
#define PCISIM_ATTACH_KNOWS_OLD		(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0))

#endif
