#!/bin/bash
# Get a certificate from Let's Encrypt once the name leads here, and let nginx use it. Debian's certbot renews it.
set -euo pipefail
DOMAIN='' EMAIL=''
# shellcheck source=/dev/null
. /opt/loopgenie/slots/8001/wanted
[ "$DOMAIN" ] || exit 0
live=/etc/letsencrypt/live/$DOMAIN/fullchain.pem
if [ ! -e /usr/bin/certbot ]; then
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 install --no-install-recommends certbot >/dev/null
fi
if [ ! -L /etc/letsencrypt ]; then
    # on the volume: a new machine must not ask for what there is already
    mkdir -p /var/lib/loopgenie/letsencrypt
    chmod 700 /var/lib/loopgenie/letsencrypt
    cp -an /etc/letsencrypt/. /var/lib/loopgenie/letsencrypt/ 2>/dev/null || true
    rm -rf /etc/letsencrypt
    ln -s /var/lib/loopgenie/letsencrypt /etc/letsencrypt
fi
if [ ! -e "$live" ]; then
    certbot certonly --quiet --non-interactive --agree-tos --webroot --webroot-path /var/www/acme \
        --email "$EMAIL" --domain "$DOMAIN" --deploy-hook 'systemctl reload nginx'
fi
cp /etc/nginx/conf.d/loopgenie.conf /run/loopgenie-nginx.conf
sed "s/DOMAIN/$DOMAIN/g" /opt/loopgenie/slots/8001/release/nginx/https.conf >/etc/nginx/conf.d/loopgenie.conf
if ! nginx -tq; then
    cp /run/loopgenie-nginx.conf /etc/nginx/conf.d/loopgenie.conf
    exit 1
fi
systemctl reload nginx
systemctl disable -q --now loopgenie-certificate.timer
