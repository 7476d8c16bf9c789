/* SPDX-License-Identifier: GPL-2.0 */
/* The words that only the commands on cards and their ports have; see words.h. */
#ifndef DPUSIM_PORTWORDS_H
#define DPUSIM_PORTWORDS_H

#include "dpusim.h"
#include "words.h"

int dpusim_index_word(char **line, u32 *index);
int dpusim_mode_parse(const char *text, u16 *mode);
int dpusim_serial_parse(const char *text, char *serial);
int dpusim_state_parse(const char *text, struct dpusim_port *port);
int dpusim_opstate_parse(const char *text, struct dpusim_port *port);
int dpusim_type_parse(const char *text, bool *infiniband);
int dpusim_flavour_parse(const char *text, enum devlink_port_flavour *flavour);

#endif
