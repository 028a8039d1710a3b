#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# in-image.sh: in the root of the guest while it is built (image.sh): users and keys as in tests/root/sandbox.sh, and what
# starts the tests. It holds little, for each change to it builds the image anew: the tests come on a disk of their own.
set -eu

readonly USERS_PASSWORD=opensesame # tests/root/lib.sh knows it too

make_users() {
	local user home

	groupadd -g 1600 staffers
	useradd -m -s /bin/bash -u 1501 -G staffers alice
	useradd -m -s /bin/bash -u 1502 bob
	printf '%s:%s\n' alice $USERS_PASSWORD bob $USERS_PASSWORD root $USERS_PASSWORD | chpasswd
	install -d -m 0700 /root/.ssh
	ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
	for user in root alice bob; do
		home=$(getent passwd $user | cut -d: -f6)
		install -d -m 0700 -o $user -g $user "$home/.ssh"
		install -m 0600 -o $user -g $user /root/.ssh/id_ed25519.pub "$home/.ssh/authorized_keys"
	done
	printf 'Host *\n\tStrictHostKeyChecking no\n\tUserKnownHostsFile /dev/null\n\tLogLevel ERROR\n\tBatchMode yes\n\tConnectTimeout 30\n' \
		>/root/.ssh/config
}

make_host() {
	echo shellhost >/etc/hostname
	printf '127.0.0.1\tlocalhost\n127.0.1.1\tshellhost\n::1\tlocalhost\n' >/etc/hosts
	echo '/dev/nvme0n1 / ext4 defaults 0 0' >/etc/fstab
	mkdir -p /test
	: >/etc/motd
	: >/etc/default/locale
	rm -f /etc/update-motd.d/*
	# half of what a login costs under emulation is arithmetic
	printf 'PermitRootLogin yes\nHostKey /etc/ssh/ssh_host_ed25519_key\n' >/etc/ssh/sshd_config.d/tests.conf
	printf 'KexAlgorithms curve25519-sha256\nGSSAPIAuthentication no\n' >/etc/ssh/ssh_config.d/tests.conf
	ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key <<<y >/dev/null
	install -D -m 0644 /dev/stdin /etc/systemd/logind.conf.d/tests.conf <<-'END'
		[Login]
		UserStopDelaySec=3
	END
	systemd-machine-id-setup >/dev/null
	# what costs time at boot, or would begin something in the middle of a test
	systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
		serial-getty@ttyS0.service serial-getty@ttyS1.service getty@tty1.service systemd-update-utmp-runlevel.service \
		systemd-networkd-wait-online.service systemd-tmpfiles-clean.timer e2scrub_reap.service dev-hugepages.mount \
		sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount systemd-udev-trigger.service \
		systemd-pstore.service modprobe@efi_pstore.service modprobe@drm.service modprobe@dm_mod.service modprobe@loop.service
}

# With systemd: a service of type exec, for the boot is not over before a oneshot is.
make_start() {
	cat >/etc/systemd/system/nsu-tests.service <<-'END'
		[Unit]
		Description=tests of pam_nsunshare
		After=multi-user.target
		[Service]
		Type=exec
		ExecStart=/bin/sh -c 'mount -t ext4 /dev/nvme0n2 /test && exec /test/tests/vm/inside.sh'
		StandardOutput=journal+console
		[Install]
		WantedBy=multi-user.target
	END
	systemctl -q enable nsu-tests.service
	# Without systemd: init=/sbin/plain-init.
	install -m 0755 /dev/stdin /sbin/plain-init <<-'END'
		#!/bin/sh
		mountpoint -q /dev || mount -t devtmpfs -o mode=0755,nosuid dev /dev
		while [ ! -e /dev/nvme0n2 ]; do sleep 0.1; done
		mount -t ext4 /dev/nvme0n2 /test
		exec /test/tests/vm/plain-init.sh
	END
}

make_users
make_host
make_start
rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale /root/in-image.sh
