#!/bin/sh
# Prints the compiler flags with which the kernel can be compiled, without changing the system.
#
# usage: python-headers.sh PYTHON FOLDER
#
# Debian keeps Python.h in a package of its own. Where it is not installed, that package is fetched and unpacked into
# FOLDER: no root, nothing installed. Prints nothing where the headers are there already or cannot be had (the kernel
# then runs interpreted, which `python -m solver --version` says).
set -eu
python=$1
folder=$2

version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
[ ! -e "$include/Python.h" ] || exit 0

flags() {
    echo "-I$folder/usr/include/python$version -I$folder/usr/include"
}
if [ -e "$folder/usr/include/python$version/Python.h" ]; then
    flags
    exit 0
fi

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || exit 0
package=libpython$version-dev
echo "Python.h is not installed; fetching $package into $folder (nothing is installed)" >&2
mkdir -p "$folder"
cd "$folder"
if ! apt-get -qq download "$package" 2>/dev/null; then
    # no package lists yet: fetch them into the folder as well
    mkdir -p lists/partial
    lists="-o Dir::State::Lists=$folder/lists -o Dir::Cache=$folder -o APT::Sandbox::User= -o Acquire::Languages=none"
    # shellcheck disable=SC2086
    if ! { apt-get -qq $lists update && apt-get -qq $lists download "$package"; } >apt.log 2>&1; then
        echo "could not fetch $package; the kernel will run interpreted, install it for full speed" >&2
        exit 0
    fi
fi
for file in "$package"_*.deb; do
    dpkg-deb -x "$file" .
    rm -f "$file"
done
rm -rf lists ./*.bin usr/lib usr/share
flags
