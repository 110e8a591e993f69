# The machine that a stand-in's jobs run on: a copy of this one in a mount
# namespace, where nothing that is written reaches this one.
#
#   sh ground.sh DIRECTORY SHARED USER ID
#
# DIRECTORY is the copy's own; SHARED is the same inside and outside. Says
# "ready" and holds the namespace.
set -eu
directory=$1 shared=$2 user=$3 id=$4
mkdir -p "$directory"
# On a file system of its own: an overlay takes no upper layer out of its lower
# one, and no other overlay either.
mount -t tmpfs -o mode=755 sluice-ground "$directory"
cd "$directory"
mkdir upper work root
mount -t overlay overlay root \
  -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work"
for each in proc sys; do
  mount --rbind "/$each" "root/$each"
done
# A lockdown closes devices: none of them is this machine's.
mount -t tmpfs -o mode=755 tmpfs root/dev
mknod -m 666 root/dev/null c 1 3
mknod -m 666 root/dev/zero c 1 5
mknod -m 666 root/dev/full c 1 7
mknod -m 666 root/dev/random c 1 8
mknod -m 666 root/dev/urandom c 1 9
mknod -m 666 root/dev/tty c 5 0
mkdir root/dev/pts root/dev/shm
mount --bind /dev/pts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs root/dev/shm
for each in 0:stdin 1:stdout 2:stderr; do
  ln -s "/proc/self/fd/${each%%:*}" "root/dev/${each#*:}"
done
ln -s /proc/self/fd root/dev/fd
mount -t tmpfs -o mode=755 tmpfs root/run
mount -t tmpfs -o mode=1777 tmpfs root/tmp
mkdir -p "root$shared" root/run/lock root/mnt/former
mount --bind "$shared" "root$shared"
cp /etc/resolv.conf root/run/resolv.conf
rm -f root/etc/resolv.conf
ln -s /run/resolv.conf root/etc/resolv.conf
cd root
pivot_root . mnt/former
umount -l /mnt/former
rmdir /mnt/former
hostname=$(cat /proc/sys/kernel/hostname)
grep -qw "$hostname" /etc/hosts || echo "127.0.0.1 $hostname" >>/etc/hosts
groupadd --gid "$id" "$user"
useradd --uid "$id" --gid "$id" --create-home --shell /bin/bash "$user"
echo "$user ALL=(ALL) NOPASSWD:ALL" >/etc/sudoers.d/runner
chmod 440 /etc/sudoers.d/runner
echo ready
exec sleep infinity
