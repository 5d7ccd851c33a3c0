"""Two hundred passages of real text that Python ships, its own documentation, and fifty questions
of ours, each with the one passage that answers it.
"""

import inspect
import pydoc

_NAMES = """
os.path.join os.path.commonprefix os.path.expanduser os.path.splitext os.path.getsize os.walk
os.rename os.makedirs os.listdir os.urandom os.getpid os.symlink os.kill os.fork os.chmod
os.nice os.umask
shutil.copytree shutil.rmtree shutil.move shutil.disk_usage shutil.which shutil.make_archive
itertools.groupby itertools.chain itertools.product itertools.permutations itertools.zip_longest
itertools.islice itertools.accumulate itertools.takewhile itertools.tee itertools.cycle
functools.lru_cache functools.reduce functools.partial functools.wraps functools.total_ordering
functools.singledispatch functools.cached_property
collections.Counter collections.OrderedDict collections.deque collections.defaultdict
collections.namedtuple collections.ChainMap
str.split str.strip str.partition str.title str.zfill str.encode str.isdigit str.replace str.join
str.casefold str.expandtabs str.center str.maketrans
list.sort list.append list.reverse list.pop dict.get dict.setdefault dict.update dict.popitem
set.difference set.intersection frozenset tuple bytes.fromhex bytes.decode int.bit_length
float.as_integer_ratio int.to_bytes
sorted enumerate zip map filter range isinstance hash round divmod pow abs sum any all input open
eval exec compile getattr property super staticmethod classmethod slice memoryview
math.gcd math.factorial math.hypot math.isclose math.comb math.log math.atan2 math.erf
random.shuffle random.choices random.gauss random.Random.sample random.Random.uniform
statistics.median statistics.stdev statistics.mode statistics.quantiles statistics.harmonic_mean
datetime.datetime datetime.timedelta datetime.date datetime.timezone calendar.isleap
calendar.monthrange time.sleep time.perf_counter time.strftime time.mktime
json.dumps json.loads pickle.dumps csv.DictReader configparser.ConfigParser
re.sub re.findall re.fullmatch re.escape re.split re.compile
urllib.parse.urlparse urllib.parse.quote urllib.request.urlopen urllib.parse.urljoin
socket.create_connection socket.gethostbyname ssl.create_default_context
http.server.BaseHTTPRequestHandler http.cookies.SimpleCookie
email.message.EmailMessage email.utils.parseaddr smtplib.SMTP imaplib.IMAP4 ftplib.FTP
threading.Lock threading.Event threading.Barrier threading.Timer threading.Semaphore
queue.PriorityQueue multiprocessing.Pool concurrent.futures.ThreadPoolExecutor
subprocess.run subprocess.Popen signal.signal asyncio.gather asyncio.wait_for asyncio.run
hashlib.pbkdf2_hmac hmac.compare_digest secrets.token_urlsafe base64.b64encode zlib.compress
zlib.crc32 binascii.hexlify uuid.uuid4 uuid.uuid1
tempfile.mkstemp tempfile.TemporaryDirectory glob.glob fnmatch.fnmatch pathlib.Path zipfile.ZipFile
tarfile.TarFile gzip.open
heapq.heappush heapq.nlargest bisect.bisect_left bisect.insort
copy.deepcopy pprint.pprint textwrap.wrap textwrap.dedent difflib.get_close_matches
difflib.SequenceMatcher string.Template
decimal.Decimal fractions.Fraction array.array struct.pack weakref.WeakValueDictionary
contextlib.suppress contextlib.contextmanager contextlib.redirect_stdout contextlib.closing
unittest.mock.patch doctest.testmod traceback.print_exc inspect.signature dis.dis timeit.timeit
cProfile.run logging.basicConfig warnings.warn argparse.ArgumentParser getpass.getpass
shlex.split locale.setlocale gettext.translation sqlite3.connect xml.etree.ElementTree.parse
html.escape html.unescape colorsys.rgb_to_hls wave.open curses.wrapper cmd.Cmd turtle.circle
sched.scheduler enum.Enum dataclasses.dataclass abc.abstractmethod typing.NamedTuple
importlib.import_module zipapp.create_archive ast.literal_eval tokenize.generate_tokens
gc.collect sys.getrefcount sys.setrecursionlimit sys.exc_info atexit.register
ipaddress.ip_network mimetypes.guess_type quopri.encodestring webbrowser.open
KeyError StopIteration UnicodeDecodeError RecursionError
"""
_LONGEST = 1000
_WANTED = 200

QUESTIONS = {
    "How do I put pieces of a file path together?": "os.path.join",
    "expand the tilde to the user's home folder": "os.path.expanduser",
    "visit all files in a folder and the folders below it": "os.walk",
    "copy a directory tree recursively": "shutil.copytree",
    "delete a folder and everything in it": "shutil.rmtree",
    "how much free space is left on the disk?": "shutil.disk_usage",
    "where is the program that the shell would start for this command?": "shutil.which",
    "successive permutations of the elements of an iterable": "itertools.permutations",
    "remember results of expensive calls so that they are not computed again": (
        "functools.lru_cache"
    ),
    "fix some arguments of a function beforehand": "functools.partial",
    "count how often each element occurs": "collections.Counter",
    "a double-ended queue that is quick near its ends": "collections.deque",
    "a dictionary with default values from a factory for missing keys": "collections.defaultdict",
    "group multiple dictionaries into a single view that can be updated": "collections.ChainMap",
    "pad a number with zeros on the left": "str.zfill",
    "compare strings without regard to upper and lower case": "str.casefold",
    "the arc tangent of y/x, as an angle in radians": "math.atan2",
    "length of the hypotenuse; distance from the origin": "math.hypot",
    "what does isclose tell?": "math.isclose",
    "number of ways to choose k items from n without order": "math.comb",
    "put a list into random order": "random.shuffle",
    "the middle value of some data": "statistics.median",
    "is this a leap year?": "calendar.isleap",
    "pause the program for some seconds": "time.sleep",
    "difference between two dates or times": "datetime.timedelta",
    "turn an object into JSON text": "json.dumps",
    "read configuration files with sections and options": "configparser.ConfigParser",
    "replace whatever matches a pattern": "re.sub",
    "parse a URL into its components: scheme, netloc, path, query": "urllib.parse.urlparse",
    "send e-mail through a mail server": "smtplib.SMTP",
    "an IMAP client for mailboxes on a mail server": "imaplib.IMAP4",
    "a barrier at which a number of threads wait for each other": "threading.Barrier",
    "call a function after some time has passed, in another thread": "threading.Timer",
    "get the entries with the lowest priority value first": "queue.PriorityQueue",
    "run an external command and wait for it to end": "subprocess.run",
    "derive a key from a password": "hashlib.pbkdf2_hmac",
    "compare secrets without telling attackers anything by the time it takes": (
        "hmac.compare_digest"
    ),
    "a random unguessable text for links": "secrets.token_urlsafe",
    "a scratch folder that is removed afterwards": "tempfile.TemporaryDirectory",
    "what does nlargest give?": "heapq.nlargest",
    "where to insert a value so that the list stays sorted": "bisect.bisect_left",
    "break a long paragraph into lines of limited width": "textwrap.wrap",
    "take common leading blanks away from every line": "textwrap.dedent",
    "find words that are similar to a misspelled one": "difflib.get_close_matches",
    "ignore certain exceptions in a block": "contextlib.suppress",
    "measure the execution time of a code snippet with timeit": "timeit.timeit",
    "ask for a password without showing it on the screen": "getpass.getpass",
    "safely read a Python value out of a text": "ast.literal_eval",
    "register a function to be executed when the program exits": "atexit.register",
    "guess the MIME type of a file from its name or URL": "mimetypes.guess_type",
}


def passages() -> dict[str, str]:
    """Give the passages by their names."""
    found: dict[str, str] = {}
    texts: set[str] = set()
    for name in _NAMES.split():
        text = (inspect.getdoc(pydoc.locate(name)) or "")[:_LONGEST]
        if len(text) > 30 and text not in texts:
            found[name] = f"{name}\n\n{text}"
            texts.add(text)
    wanted = [name for name in found if name in QUESTIONS.values()]
    others = [name for name in found if name not in QUESTIONS.values()]
    kept = [*wanted, *others[: _WANTED - len(wanted)]]
    return {name: found[name] for name in kept}
