# Strings, regular expressions, packing, numbers and sorting; the output is the same on every processor.
use strict;
use warnings;
use integer;
my $state = 12345;
sub number { $state = ($state * 1103515245 + 12345) & 0x7fffffff; return $state >> 8; }
my %count;
my $text = join ' ', map { join '', map { chr(97 + number() % 26) } 1 .. 3 + number() % 4 } 1 .. 60000;
$count{$_}++ for $text =~ /\b(\w{2})\w*/g;
print join(',', map { "$_=$count{$_}" } sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count), "\n";
(my $changed = $text) =~ s/([aeiou])([^aeiou ]+)/$2$1/g;
print unpack('%32C*', $changed), ' ', length $changed, ' ', ($changed =~ tr/a-m//), "\n";
print join(' ', map { sprintf '%08x', $_ } unpack 'N*', pack 'w*', map { number() } 1 .. 50), "\n";
my @sorted = sort { $a <=> $b } map { number() } 1 .. 50000;
print "@sorted[0, 1000, 25000, 49999]\n";
{
  no integer;
  my ($x, $sum) = (0.3, 0);
  for (1 .. 100000) { $x = 3.75 * $x * (1 - $x); $sum += sqrt $x; }
  printf "%.17g %.17g %s\n", $x, $sum, 10 ** 15 / 7;
}
my @table = (1, (0) x 5000);
for my $coin (1, 2, 5, 10, 20, 50, 100, 200) { $table[$_] = ($table[$_] + $table[$_ - $coin]) % 1000000007 for $coin .. 5000; }
print "$table[5000]\n";
my $deep = 0;
$text =~ /^(?:(\w)(\w*) (?{ $deep++ }))*?(\w)\2\b/;
print "$deep\n";
