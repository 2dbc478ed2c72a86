"""One record of bench/jobs/slow-records: the words of the command line."""
import sys

sys.path.insert(0, sys.argv[1])
from mapper import mapper

print(*mapper("", "", sys.argv[2]))
