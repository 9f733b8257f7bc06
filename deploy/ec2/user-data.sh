#!/bin/bash
# What an instance does when it starts for the first time. CloudFormation fills in the names in the next lines and ships the
# rest as it stands here. It changes rarely: what changes is in the release, which it fetches from the bucket. Nothing is
# done twice that is done already, so it may be run again by hand: sudo bash /var/lib/cloud/instance/user-data.txt
# shellcheck disable=SC2016
bucket='${Bucket}'
# shellcheck disable=SC2016
region='${AWS::Region}'
# shellcheck disable=SC2016
volume='${DataVolume}'

set -euo pipefail
say() { echo "loopgenie: $*"; }
trap 'say "FAILED in line $LINENO: $BASH_COMMAND"' ERR
again() {  # archives and the network are not always there in the first seconds
    for pause in 2 10 30 60 0; do
        "$@" && return
        sleep "$pause"
    done
    say "FAILED: $*"
    return 1
}

mkdir -p /etc/loopgenie /usr/local/sbin
printf "BUCKET='%s'\nVOLUME='%s'\nexport AWS_DEFAULT_REGION='%s'\n" "$bucket" "$volume" "$region" >/etc/loopgenie/machine

say "installing Debian's packages"
export DEBIAN_FRONTEND=noninteractive
# the address may come only now
options="-qq -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=20"
# shellcheck disable=SC2086
again apt-get $options update
# shellcheck disable=SC2086
again apt-get $options install --no-install-recommends \
    awscli ca-certificates curl e2fsprogs nginx python3-venv unattended-upgrades >/dev/null
# security updates by themselves, and at night the restart that a new kernel needs
cat >/etc/apt/apt.conf.d/52loopgenie <<'CONF'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "04:00";
CONF

# Not by fstab: a volume may be attached long after the start, and a new one has to be formatted.
cat >/usr/local/sbin/loopgenie-data <<'SCRIPT'
#!/bin/bash
# Wait for the data volume, format it if it has never been used, and mount it at /var/lib/loopgenie.
set -euo pipefail
. /etc/loopgenie/machine
mountpoint -q /var/lib/loopgenie && exit
device() {  # by the name that NVMe drives have, else by the one that it was attached under
    for name in "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_$(tr -d - <<<"$VOLUME")" /dev/xvdf /dev/sdf; do
        [ ! -b "$name" ] || { echo "$name"; return; }
    done
    return 1
}
for _ in $(seq 200); do
    device >/dev/null && break
    sleep 1.5
done
device=$(device) || { echo "the data volume $VOLUME is not attached"; exit 1; }
found=0
blkid -p "$device" >/dev/null || found=$?
if [ "$found" = 2 ]; then  # blkid: nothing at all on it
    echo "formatting $device, which is empty"
    mkfs.ext4 -q -L loopgenie "$device"
fi
mkdir -p /var/lib/loopgenie
mount -o noatime,nodev,nosuid "$device" /var/lib/loopgenie
resize2fs "$device" >/dev/null 2>&1 || echo "$device keeps its size"  # the volume may have grown
mkdir -p /var/lib/loopgenie/data
SCRIPT
cat >/etc/systemd/system/loopgenie-data.service <<'UNIT'
[Unit]
Description=The volume with LoopGenie's data
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/loopgenie-data
TimeoutStartSec=330
[Install]
WantedBy=multi-user.target
UNIT

cat >/usr/local/sbin/loopgenie-update <<'SCRIPT'
#!/bin/bash
# Put into service what the bucket says: loopgenie-update [wanted/NAME]
set -euo pipefail
. /etc/loopgenie/machine
exec 9>/run/loopgenie-update.lock
flock -w 900 9
mkdir -p /opt/loopgenie/releases
wanted=$(mktemp)
aws s3 cp --only-show-errors "s3://$BUCKET/$(printf %s "$1" | grep . || echo wanted/current)" "$wanted"
RELEASE=
. "$wanted"
folder=/opt/loopgenie/releases/$(basename "$RELEASE" .tar.gz)
if [ ! -d "$folder" ]; then
    rm -rf "$folder.part"
    mkdir "$folder.part"
    aws s3 cp --only-show-errors "s3://$BUCKET/$RELEASE" "$folder.part/release.tar.gz"
    tar -xzf "$folder.part/release.tar.gz" -C "$folder.part" --no-same-owner
    rm "$folder.part/release.tar.gz"
    mv "$folder.part" "$folder"
fi
exec bash "$folder/install.sh" "$wanted"
SCRIPT
chmod 755 /usr/local/sbin/loopgenie-data /usr/local/sbin/loopgenie-update

say "looking for AWS Systems Manager's agent"  # Debian has none, and there is no other way in
agent=https://s3.$region.amazonaws.com/amazon-ssm-$region/latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb
if ! systemctl is-active --quiet amazon-ssm-agent; then
    if ! { curl -fsS --connect-timeout 5 --max-time 120 --retry 2 -o /tmp/amazon-ssm-agent.deb "$agent" &&
        dpkg -i /tmp/amazon-ssm-agent.deb >/dev/null && systemctl enable --now amazon-ssm-agent; }; then
        say "there is no agent, so no session and no update: $agent"
    fi
    rm -f /tmp/amazon-ssm-agent.deb
fi

say "mounting the data volume $volume"
systemctl daemon-reload
systemctl enable --now loopgenie-data.service

say "installing the release"
again /usr/local/sbin/loopgenie-update wanted/current
say "READY"
