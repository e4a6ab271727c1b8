/** nginx as a reverse proxy that passes everything on at once: a column to see what no Node can do. */

/** @param folder for its process id and temporary files. */
export const nginxConfiguration = (port: number, upstreamPort: number, folder: string): string => {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${folder}/nginx-${kind};`,
  )
  // One process, so that there is none to be left behind.
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
worker_rlimit_nofile 20000;
events { worker_connections 12000; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000;
  keepalive_timeout 60s;
${temporary.join('\n')}
  upstream ollama { server 127.0.0.1:${upstreamPort}; keepalive 12000; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /v1/chat/completions {
      proxy_pass http://ollama/api/chat;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 300s;
    }
  }
}
`
}
