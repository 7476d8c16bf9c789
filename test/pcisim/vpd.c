// SPDX-License-Identifier: GPL-2.0
/*
 * Vital Product Data: the contents, and the registers through which they are read. The
 * format is that of the PCI Local Bus Specification 3.0, appendix I.
 */

#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "control.h"
#include "pcisim.h"
#include "words.h"

/* The tags of resources. */
#define PCISIM_VPD_NAME		0x82
#define PCISIM_VPD_READ_ONLY	0x90
#define PCISIM_VPD_END		0x78

/* What was written to the file, until a function takes it; guarded by sim_lock. */
static u8 *pcisim_file_data;
static u32 pcisim_file_len;

struct pcisim_image {
	u8 *at;
};

static void pcisim_put(struct pcisim_image *image, const void *data, size_t len)
{
	memcpy(image->at, data, len);
	image->at += len;
}

static void pcisim_put_field(struct pcisim_image *image, const char *keyword, const char *value)
{
	u8 len = strlen(value);

	pcisim_put(image, keyword, 2);
	pcisim_put(image, &len, 1);
	pcisim_put(image, value, len);
}

/* Builds what a card has in order: its name, its part number, its serial, a checksum. */
int pcisim_vpd_build(struct pcisim_vpd *vpd, const char *serial, bool bad_checksum)
{
	static const char name[] = "Simulated network card";
	u8 header[3], *data, *read_only, sum = 0, *byte;
	struct pcisim_image image;

	data = kvzalloc(SZ_256, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	image.at = data;
	header[0] = PCISIM_VPD_NAME;
	put_unaligned_le16(sizeof(name) - 1, header + 1);
	pcisim_put(&image, header, sizeof(header));
	pcisim_put(&image, name, sizeof(name) - 1);

	read_only = image.at;
	image.at += sizeof(header);
	pcisim_put_field(&image, "PN", "PCISIM-1");
	pcisim_put_field(&image, "SN", serial);
	pcisim_put(&image, "RV\x01", 3);
	read_only[0] = PCISIM_VPD_READ_ONLY;
	put_unaligned_le16(image.at + 1 - read_only - sizeof(header), read_only + 1);
	/* All bytes up to and including this one add up to 0. */
	for (byte = data; byte < image.at; byte++)
		sum += *byte;
	*image.at++ = -sum + bad_checksum;
	*image.at++ = PCISIM_VPD_END;

	kvfree(vpd->data);
	vpd->data = data;
	vpd->len = image.at - data;
	return 0;
}

/* Takes a copy of what was written to the file. */
int pcisim_vpd_from_file(struct pcisim_vpd *vpd)
{
	u8 *data;

	if (!pcisim_file_data)
		return sim_fail(-ENODATA, "nothing was written to the file vpd");
	data = kvmalloc(pcisim_file_len, GFP_KERNEL);
	if (!data)
		return -ENOMEM;
	memcpy(data, pcisim_file_data, pcisim_file_len);
	kvfree(vpd->data);
	vpd->data = data;
	vpd->len = pcisim_file_len;
	return 0;
}

/* The address register was written: an access begins. Called with the bus's lock held. */
void pcisim_vpd_start(struct pcisim_fn *fn)
{
	struct pcisim_vpd *vpd = &fn->pf->vpd;
	u8 *window = fn->config + PCISIM_VPD_CAP;
	u16 addr = get_unaligned_le16(window + PCI_VPD_ADDR);
	bool write = addr & PCI_VPD_ADDR_F;
	int i;

	addr &= PCI_VPD_ADDR_MASK;
	if (!vpd->data)
		return;
	if (addr >= vpd->hangs_at) {
		fn->vpd_ready = KTIME_MAX;
		return;
	}
	fn->vpd_ready = ktime_get_mono_fast_ns() + (u64)vpd->delay_ms * NSEC_PER_MSEC;
	/* Before the access is done nobody looks at the data. */
	for (i = 0; i < 4; i++) {
		if (!write)
			window[PCI_VPD_DATA + i] = addr + i < vpd->len ? vpd->data[addr + i] : 0;
		else if (addr + i < vpd->len)
			vpd->data[addr + i] = window[PCI_VPD_DATA + i];
	}
}

/* Whether the flag has become the other one than was written: the access is done. */
bool pcisim_vpd_done(struct pcisim_fn *fn)
{
	return fn->vpd_ready && ktime_get_mono_fast_ns() >= fn->vpd_ready;
}

/* The file: one that is opened for writing collects an image, which counts once it is closed. */
struct pcisim_upload {
	u32 len;
	u8 data[PCISIM_VPD_MAX];
};

static int pcisim_upload_open(struct inode *inode, struct file *file)
{
	file->private_data = kvzalloc(sizeof(struct pcisim_upload), GFP_KERNEL);
	return file->private_data ? nonseekable_open(inode, file) : -ENOMEM;
}

static ssize_t pcisim_upload_write(struct file *file, const char __user *user, size_t count,
				   loff_t *pos)
{
	struct pcisim_upload *upload = file->private_data;
	ssize_t err = 0;

	mutex_lock(&sim_lock);
	if (count > PCISIM_VPD_MAX - upload->len)
		err = -EFBIG;
	else if (copy_from_user(upload->data + upload->len, user, count))
		err = -EFAULT;
	else
		upload->len += count;
	mutex_unlock(&sim_lock);
	return err ?: count;
}

static int pcisim_upload_release(struct inode *inode, struct file *file)
{
	struct pcisim_upload *upload = file->private_data;
	u8 *data = upload->len ? kvmalloc(upload->len, GFP_KERNEL) : NULL;

	mutex_lock(&sim_lock);
	kvfree(pcisim_file_data);
	pcisim_file_data = data;
	pcisim_file_len = data ? upload->len : 0;
	if (data)
		memcpy(data, upload->data, upload->len);
	mutex_unlock(&sim_lock);
	kvfree(upload);
	return 0;
}

static const struct file_operations pcisim_upload_fops = {
	.owner		= THIS_MODULE,
	.open		= pcisim_upload_open,
	.write		= pcisim_upload_write,
	.release	= pcisim_upload_release,
};

void pcisim_vpd_file_create(struct dentry *dir)
{
	debugfs_create_file("vpd", 0200, dir, NULL, &pcisim_upload_fops);
}

/* When the file itself is gone. */
void pcisim_vpd_file_free(void)
{
	kvfree(pcisim_file_data);
}
