#!/bin/sh
# Start mosquitto with the one user of .env.
set -eu
umask 077
: > /tmp/passwords
mosquitto_passwd -b /tmp/passwords "$MQTT_USERNAME" "$MQTT_PASSWORD"
chown mosquitto /tmp/passwords
exec mosquitto -c /suite/mosquitto.conf
