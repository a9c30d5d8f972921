#!/bin/sh
# Makes the secrets that compose.yaml needs, once; what is there already stays as it is.
# The folder is yours alone; the files in it are readable, since containers read them as another user.
set -eu
umask 077
cd "$(dirname "$0")"
folder=${1:-secrets}
mkdir -p "$folder"

random() { head -c 32 /dev/urandom | base64 | tr '+/' '-_'; } # 32 bytes, urlsafe: also the form of a Fernet key

keep() { # name, value
	if [ ! -e "$folder/$1" ]; then
		printf '%s' "$2" >"$folder/$1"
		chmod 0444 "$folder/$1"
	fi
}

keep postgres_password "$(random | tr -d '=')"
keep heartsease_database_url "postgresql://heartsease:$(cat "$folder/postgres_password")@database/heartsease"
keep heartsease_secret_keys "$(random)"
keep heartsease_telegram_webhook_secret "$(random | tr -d '=')"
keep heartsease_telegram_token ""
chmod 0644 "$folder/heartsease_telegram_token"
echo "In $folder. Put the bot's token into $folder/heartsease_telegram_token."
echo "Keep a copy of $folder/heartsease_secret_keys apart from your backups: without it nobody can read what people wrote."
