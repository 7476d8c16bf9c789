/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs, for all simulators, between the kernels that they are built for: Linux
 * 6.1 (Debian 12), 6.12 (Debian 13) and 7.2 (sid).
 */
#ifndef SIM_KERNELS_H
#define SIM_KERNELS_H

#include <linux/version.h>

/*
 * From 7.0 on linux/kernel.h no longer brings mac_pton() along. In 6.1 it is there, and
 * nowhere else.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include <linux/hex.h>
#endif

/* In 6.12 the header of unaligned accesses ceased to be the architecture's. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

/* In 6.12 lockless transmission became a bit of its own. */
#define SIM_LLTX_IS_A_BIT	(LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))

#endif
