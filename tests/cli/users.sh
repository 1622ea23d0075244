# Sourced by tests in which people of one machine have to do with each other. Only root can be other people: without root
# everybody is the caller, and what needs two is left out by has_users.
has_users() { [ "$(id -u)" -eq 0 ]; }
# as_user UID COMMAND...: with no group of anybody's but 4100, the one that 4001 and 4002 share; 4003 is a stranger.
as_user() {
    local user=$1 group=4100
    shift
    [ "$user" -le 4002 ] || group=$user
    if has_users; then
        setpriv --reuid="$user" --regid="$group" --clear-groups -- "$@"
    else
        "$@"
    fi
}
# The scratch folder can be seen by all.
open_to_others() { chmod 755 "$scratch"; }
