# A link with delay and loss: two TUN devices, and this program between them. What goes into one comes out of the other
# DELAY milliseconds later, or, LOSS times out of a hundred, never.
#
#   perl link.pl FIRST SECOND DELAY LOSS
#
# Makes both devices where it runs; they may be moved into other network namespaces, and stay joined. Says "up" when they
# are there. Ends, and the devices with it, when its standard input does. Nothing but perl-base is needed.
use strict;
use warnings;
use Fcntl qw(O_RDWR O_NONBLOCK);
use POSIX ();

my $set_interface = 0x400454ca;    # TUNSETIFF (linux/if_tun.h)
my $tun_no_pi     = 0x1001;        # IFF_TUN | IFF_NO_PI: IP packets, and nothing before them
my $longest       = 2048;
my $most_queued   = 65536;

# clock_gettime(2) by number, since perl-base has no Time::HiRes; the list is of those for which it is known.
my %clock_gettime = (x86_64 => 228, aarch64 => 113, riscv64 => 113, ppc64le => 246, s390x => 260);
my $machine       = (POSIX::uname())[4];
my $clock         = $clock_gettime{$machine} // die "link: expected a clock on $machine, got none\n";
my $monotonic     = 1;

sub now {
    my $time = pack 'q2', 0, 0;
    syscall($clock, $monotonic, $time);
    my ($seconds, $nanoseconds) = unpack 'q2', $time;
    return $seconds + $nanoseconds / 1e9;
}

sub device {
    my ($name) = @_;
    sysopen(my $tun, '/dev/net/tun', O_RDWR | O_NONBLOCK) or die "link: expected /dev/net/tun, got: $!\n";
    my $request = pack 'a16 s x22', $name, $tun_no_pi;
    ioctl($tun, $set_interface, $request) or die "link: expected a device $name, got: $!\n";
    return $tun;
}

my ($first, $second, $delay, $loss) = @ARGV;
my @ends   = (device($first), device($second));
my @queues = ([], []);    # what came from an end, each packet with the moment when it is due at the other
srand 1;
$| = 1;
print "up\n";

my $watched = '';
vec($watched, fileno $_, 1) = 1 for \*STDIN, @ends;
while (1) {
    my ($next) = sort { $a <=> $b } map { @$_ ? $_->[0][0] : () } @queues;
    my $rest = defined $next ? $next - now() : undef;
    $rest = 0 if defined $rest && $rest < 0;
    select(my $ready = $watched, undef, undef, $rest);
    if (vec $ready, fileno STDIN, 1) { last unless sysread STDIN, my $said, 1024 }
    for my $from (0, 1) {
        next unless vec $ready, fileno $ends[$from], 1;
        for (1 .. 64) {
            sysread $ends[$from], my $packet, $longest or last;
            next if rand(100) < $loss || @{ $queues[$from] } >= $most_queued;
            push @{ $queues[$from] }, [now() + $delay / 1000, $packet];
        }
    }
    for my $from (0, 1) {
        my $queue = $queues[$from];
        # A device that is down, or full, loses what it is given, as a link does.
        syswrite $ends[1 - $from], (shift @$queue)->[1] while @$queue && $queue->[0][0] <= now();
    }
}
