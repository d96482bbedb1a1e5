#!/bin/sh
# Made the certificates of this directory, once, with OpenSSL 3.0: a CA whose key was thrown away, and certificates for one
# key, which is no secret. All but the expired one are good until 2120, so that no test fails one day.
set -eu
place=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
cd "$work"
cat > ca.cnf <<'END'
[ca]
default_ca = tests
[tests]
database = index
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = nobody
[nobody]
[ca-extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[here]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost, DNS:list.example, IP:127.0.0.1, IP:::1
[elsewhere]
basicConstraints = CA:FALSE
subjectAltName = DNS:other.example
[examples]
basicConstraints = CA:FALSE
subjectAltName = DNS:example.com, DNS:*.example.net, IP:127.0.0.1
END
: > index
echo 01 > serial

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
# NAME KEY EXTENSIONS END SIGNER
certificate() {
  name=$1 key=$2 extensions=$3 end=$4
  shift 4
  openssl req -new -config ca.cnf -key "$key.key" -subj "/CN=$name" -out "$name.csr"
  openssl ca -batch -notext -config ca.cnf -extensions "$extensions" -startdate 20200101000000Z -enddate "$end" \
    "$@" -in "$name.csr" -out "$name.pem"
}
key ca
key server
certificate ca ca ca-extensions 21200101000000Z -selfsign -keyfile ca.key
by_ca='-cert ca.pem -keyfile ca.key'
certificate server server here 21200101000000Z $by_ca
certificate other-host server elsewhere 21200101000000Z $by_ca
certificate expired server here 20200102000000Z $by_ca
certificate self-signed server here 21200101000000Z -selfsign -keyfile server.key
certificate examples server examples 21200101000000Z -selfsign -keyfile server.key
cp ca.pem server.pem other-host.pem expired.pem self-signed.pem examples.pem server.key "$place"
rm -r "$work"
