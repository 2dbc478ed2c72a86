from dateutil import parser


def mapper(key, file, record):
    """People write dates in many ways; dateutil reads most of them."""
    return parser.parse(record["visited"]).strftime("%A"), 1
