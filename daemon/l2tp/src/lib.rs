#![allow(missing_docs, dead_code)]
//! stub
mod cause; mod config; mod text;
pub use cause::*; pub use config::*;
use std::{net::SocketAddr,time::Duration};
#[derive(Clone,Copy,Debug,PartialEq,Eq,Hash)] pub struct TunnelId(pub u16);
#[derive(Clone,Copy,Debug,PartialEq,Eq,Hash)] pub struct CallId{pub tunnel:TunnelId,pub session:u16}
#[derive(Clone,Debug,Default)] pub struct CallRequest{}
#[derive(Debug,thiserror::Error)] #[error("x")] pub struct DialError;
pub struct Endpoint<R>(R);
pub struct Transmit{pub to:SocketAddr,pub payload:Vec<u8>}
pub struct ProxyAuthentication{pub kind:u16,pub name:Vec<u8>,pub challenge:Vec<u8>,pub id:u8,pub response:Vec<u8>}
pub struct Proxy{pub last_sent_lcp_confreq:Vec<u8>,pub last_received_lcp_confreq:Vec<u8>,pub authentication:Option<ProxyAuthentication>}
pub struct Established{pub peer_tunnel:u16,pub peer_session:u16,pub peer:SocketAddr,pub sequencing:bool,pub calling_number:String,pub called_number:String,pub proxy:Option<Box<Proxy>>}
pub struct IncomingInfo;
pub enum TunnelState{WaitReply,WaitConnected,Established,Stopping}
pub struct TunnelInfo{pub id:TunnelId,pub peer_id:u16,pub peer:SocketAddr,pub host_name:String,pub state:TunnelState,pub calls:usize,pub since:Duration,pub retransmissions:u64,pub peer_window:u16}
pub enum Event{TunnelUp(TunnelId),TunnelDown{tunnel:TunnelId,reason:DownReason},Incoming{call:CallId,info:Box<IncomingInfo>},CallUp{call:CallId,info:Box<Established>},CallDown{call:CallId,reason:DownReason}}
impl<R> Endpoint<R>{
 pub fn new(_:Config,_:R)->Self{todo!()} pub fn set_config(&mut self,_:Config){}
 pub fn dial(&mut self,_:Duration,_:SocketAddr)->Result<TunnelId,DialError>{todo!()}
 pub fn call(&mut self,_:Duration,_:TunnelId,_:CallRequest)->Result<CallId,DialError>{todo!()}
 pub fn handle_control(&mut self,_:Duration,_:SocketAddr,_:&[u8]){}
 pub fn handle_timeout(&mut self,_:Duration){} pub fn poll_timeout(&self)->Option<Duration>{None}
 pub fn poll_transmit(&mut self)->Option<Transmit>{None} pub fn poll(&mut self)->Option<Event>{None}
 pub fn accept(&mut self,_:Duration,_:CallId){} pub fn reject(&mut self,_:Duration,_:CallId,_:CallCause){}
 pub fn hang_up(&mut self,_:Duration,_:CallId,_:CallCause){} pub fn stop_all(&mut self,_:Duration,_:StopCause){}
 pub fn tunnel(&self,_:TunnelId)->Option<TunnelInfo>{None}
 pub fn tunnels(&self)->impl Iterator<Item=TunnelInfo>+'_{std::iter::empty()}
}
