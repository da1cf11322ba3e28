"""Reads the buckets of a bbolt file, to compare stored bytes. The file is not changed."""
import struct

BRANCH, LEAF = 1, 2
HEADER = struct.Struct("<QHHI")
META = struct.Struct("<IIIIQQQQQQ")
BRANCH_ELEMENT = struct.Struct("<IIQ")
LEAF_ELEMENT = struct.Struct("<IIII")
IS_BUCKET = 1


def read(path):
    """All top-level buckets, each as a dictionary of its keys; nested buckets are left out."""
    data = path.read_bytes()
    metas = []
    size = META.unpack_from(data, HEADER.size)[2]
    for number in range(2):
        fields = META.unpack_from(data, number * size + HEADER.size)
        # Magic, version, page size, flags, root, sequence, freelist, high water, transaction.
        metas.append((fields[8], fields[4]))
    root = max(metas)[1]
    return {
        name: bucket(data, size, value)
        for name, value, flags in leaves(data, root * size, size) if flags & IS_BUCKET}


def bucket(data, size, value):
    """The keys of a bucket; one without a page of its own is stored in its value."""
    page = struct.unpack_from("<Q", value)[0]
    found = leaves(value, 16, size) if page == 0 else leaves(data, page * size, size)
    return {key: stored for key, stored, flags in found if not flags & IS_BUCKET}


def leaves(data, offset, size):
    """Key, value and flags of each element below a page, in order."""
    _, kind, count, _ = HEADER.unpack_from(data, offset)
    for index in range(count):
        if kind & BRANCH:
            at = offset + HEADER.size + index * BRANCH_ELEMENT.size
            _, _, child = BRANCH_ELEMENT.unpack_from(data, at)
            yield from leaves(data, child * size, size)
        else:
            at = offset + HEADER.size + index * LEAF_ELEMENT.size
            flags, position, key_size, value_size = LEAF_ELEMENT.unpack_from(data, at)
            start = at + position
            middle = start + key_size
            yield data[start:middle], data[middle:middle + value_size], flags
