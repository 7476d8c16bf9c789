/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The words of a command, read strictly: what is malformed is refused, never guessed
 * at. Every function that returns an error leaves in sim_reason what is wrong, for the
 * log. Called with sim_lock held.
 */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include <linux/types.h>

/* Why the command failed. */
extern char sim_reason[128];

__printf(2, 3) int sim_fail(int err, const char *format, ...);
char *sim_word(char **line);
int sim_end(char *line);
int sim_option(char **line, char **key, char **value);
int sim_ifname_parse(const char *text, char *name);
int sim_mac_parse(const char *text, u8 *addr);

#endif
