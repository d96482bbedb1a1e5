# Datagrams of a unix socket, for a parent that has no such sockets: they come and go as frames on standard output and
# input. Called with the path to listen at; ends, and takes the path away, when its standard input does.
#
#   ADDRESS LENGTH u16 | MESSAGE LENGTH u32 | ADDRESS | MESSAGE
#
# The address is what the kernel says of the other end, and is sent back as it came. The first frame has no address
# and says "ready". What goes wrong before that is one line on standard error.
use strict;
use warnings;
use Socket qw(PF_UNIX SOCK_DGRAM MSG_DONTWAIT pack_sockaddr_un);

my $longest = 65536;
my $head    = 6;

# The parent ends after its conversations; a signal from the terminal comes to both.
$SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);

sub refuse { print STDERR "$_[0]\n"; exit 1 }

my ($path) = @ARGV;
my $name = pack_sockaddr_un($path);
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or refuse("expected a socket, got: $!");

if (lstat $path) {
    refuse('expected a free path, or a socket that nobody listens at, got something else') unless -S _;
    socket(my $probe, PF_UNIX, SOCK_DGRAM, 0) or refuse("expected a socket, got: $!");
    refuse('expected a free path, got one that somebody listens at') if connect($probe, $name);
    refuse("expected a socket that nobody listens at, got: $!") unless $!{ECONNREFUSED};
    unlink $path or refuse("expected to take an old socket away, got: $!");
}
umask 0177;
bind($socket, $name) or refuse("expected to listen there, got: $!");
my ($device, $inode) = lstat $path;

binmode STDIN;
binmode STDOUT;
my $over = 0;

sub tell_parent {
    my ($address, $message) = @_;
    my $frame = pack('nN', length $address, length $message) . $address . $message;
    while (length $frame) {
        my $written = syswrite STDOUT, $frame;
        if (!defined $written) { next if $!{EINTR}; $over = 1; return }
        substr($frame, 0, $written) = '';
    }
}

my ($watched, $pending) = ('', '');
vec($watched, fileno $_, 1) = 1 for \*STDIN, $socket;
tell_parent('', 'ready');

until ($over) {
    my $ready = $watched;
    next if select($ready, undef, undef, undef) < 0;
    if (vec $ready, fileno $socket, 1) {
        my $from = recv $socket, my $message, $longest, MSG_DONTWAIT;
        tell_parent($from, $message) if defined $from;
    }
    if (vec $ready, fileno STDIN, 1) {
        last unless sysread STDIN, $pending, $longest, length $pending;
        while (length $pending >= $head) {
            my ($address, $message) = unpack 'nN', $pending;
            last if length $pending < $head + $address + $message;
            my $to = substr $pending, $head, $address;
            # Whoever does not read its answers, or is gone, goes without.
            send $socket, substr($pending, $head + $address, $message), MSG_DONTWAIT, $to;
            substr($pending, 0, $head + $address + $message) = '';
        }
    }
}

my @now = lstat $path;
unlink $path if @now && $now[0] == $device && $now[1] == $inode;
