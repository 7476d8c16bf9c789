// SPDX-License-Identifier: GPL-2.0
/* The control file and the log of a simulator. */

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "control.h"
#include "words.h"

#define SIM_MAX_WRITE	SZ_256K

DEFINE_MUTEX(sim_lock);

/* The last command that failed, and why; guarded by sim_lock. */
static char sim_failed[256];
static sim_command_t sim_command;
static struct dentry *sim_dir;

static int sim_run(char *line)
{
	char command[96];
	int err;

	line = strim(line);
	if (!*line || *line == '#')
		return 0;
	strscpy(command, line, sizeof(command)); /* it is cut up on the way */
	sim_reason[0] = '\0';
	err = sim_command(line);
	if (err)
		scnprintf(sim_failed, sizeof(sim_failed), "%s: %pe %s\n", command, ERR_PTR(err),
			  sim_reason);
	return err;
}

/* A shell that writes many lines cuts them into buffers, anywhere: one open file's rest. */
struct sim_writer {
	size_t len;
	char line[512];
};

static int sim_ctl_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct sim_writer), GFP_KERNEL);
	return file->private_data ? nonseekable_open(inode, file) : -ENOMEM;
}

/* Runs the lines in turn, up to the first that fails. */
static ssize_t sim_ctl_write(struct file *file, const char __user *user, size_t count, loff_t *pos)
{
	struct sim_writer *writer = file->private_data;
	char *text, *rest, *piece;
	int err = 0;

	if (count > SIM_MAX_WRITE)
		return -E2BIG;
	text = memdup_user_nul(user, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	rest = text;
	mutex_lock(&sim_lock);
	while (!err && (piece = strsep(&rest, "\n"))) {
		ssize_t len = strscpy(writer->line + writer->len, piece,
				      sizeof(writer->line) - writer->len);

		if (len < 0) {
			err = -E2BIG;
			scnprintf(sim_failed, sizeof(sim_failed), "%.60s...: %pe\n", writer->line,
				  ERR_PTR(err));
		} else if (!rest) {
			writer->len += len; /* no end of line yet */
			break;
		} else {
			err = sim_run(writer->line);
		}
		writer->len = 0;
	}
	mutex_unlock(&sim_lock);
	kfree(text);
	return err ?: count;
}

/* The last line needs no end, but an error of it is seen in the log alone. */
static int sim_ctl_release(struct inode *inode, struct file *file)
{
	struct sim_writer *writer = file->private_data;

	mutex_lock(&sim_lock);
	if (writer->len)
		sim_run(writer->line);
	mutex_unlock(&sim_lock);
	kfree(writer);
	return 0;
}

static const struct file_operations sim_ctl_fops = {
	.owner		= THIS_MODULE,
	.open		= sim_ctl_open,
	.write		= sim_ctl_write,
	.release	= sim_ctl_release,
};

static int sim_log_show(struct seq_file *file, void *unused)
{
	mutex_lock(&sim_lock);
	seq_puts(file, sim_failed);
	mutex_unlock(&sim_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sim_log);

/* Creates the directory, whose dentry is for the simulator's other files. */
struct dentry *sim_control_create(const char *name, sim_command_t command)
{
	sim_command = command;
	sim_dir = debugfs_create_dir(name, NULL);
	debugfs_create_file("ctl", 0200, sim_dir, NULL, &sim_ctl_fops);
	debugfs_create_file("log", 0400, sim_dir, NULL, &sim_log_fops);
	return sim_dir;
}

/* Waits for a command under way; none can follow. */
void sim_control_remove(void)
{
	debugfs_remove_recursive(sim_dir);
}
