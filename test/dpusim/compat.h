/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels the module is built for; simctl/kernels.h has what
 * other simulators share.
 */
#ifndef DPUSIM_COMPAT_H
#define DPUSIM_COMPAT_H

#include "kernels.h"

/*
 * From 6.2 on the netdev knows its devlink port and devlink follows the netdev by
 * itself. Before, the driver tells devlink of the netdev and the netdev of its port.
 * From then on the core reports the driver's name, too.
 */
#define DPUSIM_NETDEV_KNOWS_PORT	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))
#define DPUSIM_CORE_NAMES_DRIVER	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))

/* Until 6.3 a driver had to say that its reload callbacks may be called. */
#define DPUSIM_ENABLE_RELOAD		(LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0))

/* From 6.5 on the callbacks for a port's function are the port's, not the device's. */
#define DPUSIM_PORT_HAS_OPS		(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0))

/* From 6.11 on a platform driver's remove callback returns nothing. */
#define DPUSIM_REMOVE_IS_VOID		(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0))

/* In 6.18 the queue for work that may sleep for long got another name. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define dpusim_workqueue		system_dfl_wq
#else
#define dpusim_workqueue		system_unbound_wq
#endif

#endif
