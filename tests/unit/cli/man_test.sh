#!/bin/sh
# man_test.sh SAMPAN MAN_DIR - the manual pages are what the tables make. TAP.
# To make them again: sampan help --man > man/sampan.1; sampan help --man settings > man/sampan.conf.5
echo 1..2
work=$(mktemp -d)
"$1" help --man >"$work/sampan.1"
"$1" help --man settings >"$work/sampan.conf.5"
number=0
for page in sampan.1 sampan.conf.5; do
    number=$((number + 1))
    if [ -s "$work/$page" ] && cmp -s "$work/$page" "$2/$page"; then
        echo "ok $number - man/$page is what the tables make"
    else
        echo "not ok $number - man/$page is what the tables make"
    fi
done
rm -r "$work"
