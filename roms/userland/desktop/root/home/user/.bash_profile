# On the first console the session is the graphical one.
. ~/.bashrc
[ "$(tty)" != /dev/tty1 ] || exec startx -- -keeptty >~/.xsession.log 2>&1
