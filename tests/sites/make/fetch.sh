#!/bin/bash
# Brings every source of the fixture sites into one folder, through apt, pip and npm, and checks it
# against sources.sha256. For the maintainer who changes a site; tests never run it.
#
#   bash fetch.sh [FOLDER]        default: target/sites-sources of the project
#
# Needs a Debian 12 or later with apt-get, dpkg-deb, djxl (libjxl-tools), python3 with pip, and npm.
# Two picture packages are in other Debian releases than the machine's own; a private apt
# configuration reads those releases from the machine's own mirror and leaves the machine as it is.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../../target/sites-sources}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | sort -u | head -1)
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
for release in bullseye bookworm trixie sid; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main"
done >"$work/sources.list"
apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
"${apt[@]}" update

# deb NAME=VERSION FOLDER FROM: the files of FROM in the package go to FOLDER, with its licence text.
deb() {
  (cd "$work" && "${apt[@]}" download "$1")
  rm -rf "$work/deb" && dpkg-deb -x "$work/${1%%=*}"_*.deb "$work/deb" && rm "$work/${1%%=*}"_*.deb
  mkdir -p "$out/$2"
  cp "$work/deb/$3"/* "$out/$2/"
  cp "$work/deb/usr/share/doc/${1%%=*}/copyright" "$out/$2/"
}
deb budgie-backgrounds=3.0-1 budgie-backgrounds usr/share/backgrounds/budgie
deb budgie-backgrounds=4.2-1 budgie-backgrounds-4 usr/share/backgrounds/budgie
for picture in perched-shrike pondering-heron sunning-anhinga the-spices-of-life; do
  djxl --quiet "$out/budgie-backgrounds-4/$picture.jxl" "$out/budgie-backgrounds-4/$picture.png"
done
deb gnome-backgrounds=3.38.0-1 gnome-backgrounds usr/share/backgrounds/gnome
cp "$work/deb/usr/share/doc/gnome-backgrounds/AUTHORS" "$out/gnome-backgrounds/"
deb lomiri-wallpapers-16.04=20.04.0-2 lomiri-wallpapers usr/share/backgrounds

# wheel NAME==VERSION FOLDER PATH: the files below PATH in the wheel go to FOLDER.
wheel() {
  rm -rf "$work/wheel" && mkdir -p "$work/wheel" "$out/$2"
  python3 -m pip download --quiet --no-deps --only-binary :all: --python-version 3.11 -d "$work/wheel" "$1"
  python3 -m zipfile -e "$work/wheel"/*.whl "$work/wheel"
  cp -r "$work/wheel/$3"/* "$out/$2/"
}
wheel scikit-image==0.26.0 scikit-image skimage/data
wheel scikit-learn==1.9.1 scikit-learn sklearn/datasets/images

# Scripts, style sheets and fonts: one folder for each npm package.
while read -r package; do
  folder=$out/npm/${package%@*}
  rm -rf "$folder" && mkdir -p "$folder"
  (cd "$work" && npm pack --silent "$package" >/dev/null && tar xzf ./*.tgz -C "$folder" --strip-components=1 && rm ./*.tgz)
done <"$here/npm-packages.txt"

if [ "${WRITE_SUMS:-}" = 1 ]; then # once, by whoever adds a source
  (cd "$here" && python3 used_sources.py) >"$work/used"
  (cd "$out" && xargs -d '\n' sha256sum) <"$work/used" >"$here/sources.sha256"
fi
(cd "$out" && sha256sum --check --quiet "$here/sources.sha256")
echo "sources are complete in $out"
