/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The directory of a simulator in debugfs: "ctl" takes commands, one a line, and "log"
 * says which one failed last and why. A module has one; what is static in control.c is
 * the module's own copy.
 */
#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include <linux/mutex.h>

struct dentry;

/* Held while a command runs. The simulator guards its lists with it. */
extern struct mutex sim_lock;

/* Runs a command: one line, not empty, without white space at its ends. May cut it up. */
typedef int (*sim_command_t)(char *line);

struct dentry *sim_control_create(const char *name, sim_command_t command);
void sim_control_remove(void);

#endif
