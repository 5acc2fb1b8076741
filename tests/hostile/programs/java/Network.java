/*
 * Class: network
 * Attacks: the network, by everything in java.net and java.nio: names, TCP, UDP, multicast, HTTP,
 *   the engine's socket.
 * Invariant: no program reaches the network, the host or another job.
 * Allowed: accepted
 * With: Attack.java
 * Tries: 12
 */
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.URL;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

public class Network {
    public static void main(String[] args) throws Exception {
        Attack.refused("a name", () -> InetAddress.getByName("example.com"), UnknownHostException.class);
        for (String host : new String[] {"172.17.0.1", "169.254.169.254", "127.0.0.1"})
            Attack.refused("TCP to " + host, () -> new Socket(host, 80), SocketException.class);
        Attack.refused("a server", () -> new ServerSocket(0), SocketException.class);
        Attack.refused("UDP", () -> new DatagramSocket(), SocketException.class);
        Attack.refused("multicast", () -> new MulticastSocket(5353), SocketException.class);
        Attack.refused("a channel", () -> SocketChannel.open(new InetSocketAddress("8.8.8.8", 53)));
        Attack.refused("a server's channel", () -> ServerSocketChannel.open());
        Attack.refused("a channel for UDP", () -> DatagramChannel.open(StandardProtocolFamily.INET));
        Attack.refused("HTTP", () -> new URL("http://169.254.169.254/").openStream(), SocketException.class);
        Attack.refused("the engine", () -> SocketChannel.open(UnixDomainSocketAddress.of("/var/run/docker.sock")),
            SocketException.class);
        Attack.theEnd();
    }
}
