"""A browser's requests by curl_cffi: a libcurl that greets servers as Chrome or Firefox does.

Usage: browse.py BROWSER CA URL...      (h3+https://... asks over HTTP/3)
"""

import sys

from curl_cffi import CurlHttpVersion, requests

browser, ca, *urls = sys.argv[1:]
with requests.Session(impersonate=browser, verify=ca, timeout=15) as session:
    for url in urls:
        how = {}
        if url.startswith("h3+"):
            url, how = url[3:], {"http_version": CurlHttpVersion.V3ONLY}
        answer = session.get(url, **how)
        answer.raise_for_status()
        print(url, answer.http_version, len(answer.content))
