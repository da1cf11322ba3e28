"""A name server on an address of loopback, port 53, as resolv.conf wants it."""
import socket
import threading

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset


class NameServer:
    """`services`: for each name of SRV records a list of (priority, weight, port, target).

    Every target has the address 127.0.0.1.
    """

    def __init__(self, address, services):
        self.address, self.services = address, services
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            self.socket.sendto(self._response(dns.message.from_wire(query)).to_wire(), client)

    def _response(self, query):
        response = dns.message.make_response(query)
        # The first section repeats the question.
        records = response.sections[1]
        response.flags |= dns.flags.AA | dns.flags.RA
        question = query.question[0]
        name = question.name.to_text()
        hosts = {target for service in self.services.values() for *_, target in service}
        if question.rdtype == dns.rdatatype.SRV and name in self.services:
            texts = [f"{p} {w} {port} {target}" for p, w, port, target in self.services[name]]
            records.append(dns.rrset.from_text(name, 60, "IN", "SRV", *texts))
        elif question.rdtype == dns.rdatatype.A and name in hosts:
            records.append(dns.rrset.from_text(name, 60, "IN", "A", "127.0.0.1"))
        elif name not in hosts:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def close(self):
        # Wakes the thread.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (self.address, 53))
        self.thread.join(10)
        self.socket.close()
