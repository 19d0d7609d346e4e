// Fogline's line100 in the place of Corundum's application block: the same parameters and ports as `mqnic_app_block`.
//
// To build it in: give the shell this file, fogline_completions.v and line100.v instead of rtl/mqnic_app_block.v, with
// FOGLINE_CORUNDUM_MODULE defined as mqnic_app_block, and APP_ENABLE, APP_CTRL_ENABLE and APP_AXIS_SYNC_ENABLE set. The
// registers are in the application's BAR. 64 KiB of it are theirs.
//
// Port 0 goes through the card at the `sync` streams, in the core clock; other ports straight on. `tready` towards the
// receiving MAC is only as good as the shell's FIFO before it, which drops whole frames where it overflows: the card
// takes a beat a cycle, but back-pressure of the host reaches it. A frame that the card drops on its way out still gets
// its completion, with time stamp 0. The receive error is taken from the last beat, the time stamp from the first.
// Queues: with PORTS_PER_IF = 1, each frame's number goes into the `if` stream's `tdest` with its top bit set, which the
// shell heeds where the interface's "direct" bit of the queue map is set. It is off unless QUEUES is set: it takes that
// the shell drops no frame between the two streams. There is no interrupt into the shell: the driver polls.
// SPDX-License-Identifier: MIT OR Apache-2.0
`default_nettype none
`timescale 1ns/1ps

`ifndef FOGLINE_CORUNDUM_MODULE
`define FOGLINE_CORUNDUM_MODULE fogline_corundum_app
`endif

module `FOGLINE_CORUNDUM_MODULE #(
    parameter IF_COUNT = 1,
    parameter PORTS_PER_IF = 1,
    parameter SCHED_PER_IF = PORTS_PER_IF,
    parameter PORT_COUNT = IF_COUNT*PORTS_PER_IF,
    parameter CLK_PERIOD_NS_NUM = 4,
    parameter CLK_PERIOD_NS_DENOM = 1,
    parameter PTP_CLK_PERIOD_NS_NUM = 4,
    parameter PTP_CLK_PERIOD_NS_DENOM = 1,
    parameter PTP_TS_WIDTH = 96,
    parameter PTP_PORT_CDC_PIPELINE = 0,
    parameter PTP_PEROUT_ENABLE = 0,
    parameter PTP_PEROUT_COUNT = 1,
    parameter PTP_TS_ENABLE = 1,
    parameter TX_TAG_WIDTH = 16,
    parameter MAX_TX_SIZE = 9214,
    parameter MAX_RX_SIZE = 9214,
    parameter DDR_CH = 1,
    parameter DDR_ENABLE = 0,
    parameter DDR_GROUP_SIZE = 1,
    parameter AXI_DDR_DATA_WIDTH = 512,
    parameter AXI_DDR_ADDR_WIDTH = 34,
    parameter AXI_DDR_STRB_WIDTH = AXI_DDR_DATA_WIDTH/8,
    parameter AXI_DDR_ID_WIDTH = 8,
    parameter AXI_DDR_AWUSER_ENABLE = 0,
    parameter AXI_DDR_AWUSER_WIDTH = 1,
    parameter AXI_DDR_WUSER_ENABLE = 0,
    parameter AXI_DDR_WUSER_WIDTH = 1,
    parameter AXI_DDR_BUSER_ENABLE = 0,
    parameter AXI_DDR_BUSER_WIDTH = 1,
    parameter AXI_DDR_ARUSER_ENABLE = 0,
    parameter AXI_DDR_ARUSER_WIDTH = 1,
    parameter AXI_DDR_RUSER_ENABLE = 0,
    parameter AXI_DDR_RUSER_WIDTH = 1,
    parameter AXI_DDR_MAX_BURST_LEN = 256,
    parameter AXI_DDR_NARROW_BURST = 0,
    parameter AXI_DDR_FIXED_BURST = 0,
    parameter AXI_DDR_WRAP_BURST = 0,
    parameter HBM_CH = 1,
    parameter HBM_ENABLE = 0,
    parameter HBM_GROUP_SIZE = 1,
    parameter AXI_HBM_DATA_WIDTH = 256,
    parameter AXI_HBM_ADDR_WIDTH = 32,
    parameter AXI_HBM_STRB_WIDTH = AXI_HBM_DATA_WIDTH/8,
    parameter AXI_HBM_ID_WIDTH = 8,
    parameter AXI_HBM_AWUSER_ENABLE = 0,
    parameter AXI_HBM_AWUSER_WIDTH = 1,
    parameter AXI_HBM_WUSER_ENABLE = 0,
    parameter AXI_HBM_WUSER_WIDTH = 1,
    parameter AXI_HBM_BUSER_ENABLE = 0,
    parameter AXI_HBM_BUSER_WIDTH = 1,
    parameter AXI_HBM_ARUSER_ENABLE = 0,
    parameter AXI_HBM_ARUSER_WIDTH = 1,
    parameter AXI_HBM_RUSER_ENABLE = 0,
    parameter AXI_HBM_RUSER_WIDTH = 1,
    parameter AXI_HBM_MAX_BURST_LEN = 256,
    parameter AXI_HBM_NARROW_BURST = 0,
    parameter AXI_HBM_FIXED_BURST = 0,
    parameter AXI_HBM_WRAP_BURST = 0,
    parameter APP_ID = 32'h464F474C,
    parameter APP_CTRL_ENABLE = 1,
    parameter APP_DMA_ENABLE = 0,
    parameter APP_AXIS_DIRECT_ENABLE = 0,
    parameter APP_AXIS_SYNC_ENABLE = 1,
    parameter APP_AXIS_IF_ENABLE = 1,
    parameter APP_STAT_ENABLE = 0,
    parameter APP_GPIO_IN_WIDTH = 32,
    parameter APP_GPIO_OUT_WIDTH = 32,
    parameter DMA_ADDR_WIDTH = 64,
    parameter DMA_IMM_ENABLE = 0,
    parameter DMA_IMM_WIDTH = 32,
    parameter DMA_LEN_WIDTH = 16,
    parameter DMA_TAG_WIDTH = 16,
    parameter RAM_SEL_WIDTH = 4,
    parameter RAM_ADDR_WIDTH = 16,
    parameter RAM_SEG_COUNT = 2,
    parameter RAM_SEG_DATA_WIDTH = 256*2/RAM_SEG_COUNT,
    parameter RAM_SEG_BE_WIDTH = RAM_SEG_DATA_WIDTH/8,
    parameter RAM_SEG_ADDR_WIDTH = RAM_ADDR_WIDTH-$clog2(RAM_SEG_COUNT*RAM_SEG_BE_WIDTH),
    parameter RAM_PIPELINE = 2,
    parameter AXIL_APP_CTRL_DATA_WIDTH = 32,
    parameter AXIL_APP_CTRL_ADDR_WIDTH = 16,
    parameter AXIL_APP_CTRL_STRB_WIDTH = AXIL_APP_CTRL_DATA_WIDTH/8,
    parameter AXIL_CTRL_DATA_WIDTH = 32,
    parameter AXIL_CTRL_ADDR_WIDTH = 16,
    parameter AXIL_CTRL_STRB_WIDTH = AXIL_CTRL_DATA_WIDTH/8,
    parameter AXIS_DATA_WIDTH = 512,
    parameter AXIS_KEEP_WIDTH = AXIS_DATA_WIDTH/8,
    parameter AXIS_TX_USER_WIDTH = TX_TAG_WIDTH + 1,
    parameter AXIS_RX_USER_WIDTH = (PTP_TS_ENABLE ? PTP_TS_WIDTH : 0) + 1,
    parameter AXIS_RX_USE_READY = 0,
    parameter AXIS_SYNC_DATA_WIDTH = AXIS_DATA_WIDTH,
    parameter AXIS_SYNC_KEEP_WIDTH = AXIS_SYNC_DATA_WIDTH/8,
    parameter AXIS_SYNC_TX_USER_WIDTH = AXIS_TX_USER_WIDTH,
    parameter AXIS_SYNC_RX_USER_WIDTH = AXIS_RX_USER_WIDTH,
    parameter AXIS_IF_DATA_WIDTH = AXIS_SYNC_DATA_WIDTH*2**$clog2(PORTS_PER_IF),
    parameter AXIS_IF_KEEP_WIDTH = AXIS_IF_DATA_WIDTH/8,
    parameter AXIS_IF_TX_ID_WIDTH = 12,
    parameter AXIS_IF_RX_ID_WIDTH = PORTS_PER_IF > 1 ? $clog2(PORTS_PER_IF) : 1,
    parameter AXIS_IF_TX_DEST_WIDTH = $clog2(PORTS_PER_IF)+4,
    parameter AXIS_IF_RX_DEST_WIDTH = 8,
    parameter AXIS_IF_TX_USER_WIDTH = AXIS_SYNC_TX_USER_WIDTH,
    parameter AXIS_IF_RX_USER_WIDTH = AXIS_SYNC_RX_USER_WIDTH,
    parameter STAT_ENABLE = 1,
    parameter STAT_INC_WIDTH = 24,
    parameter STAT_ID_WIDTH = 12,
    // Not Corundum's: see above.
    parameter QUEUES = 0
) (
    input  wire clk,
    input  wire rst,

    // Registers, from the host.
    input  wire [AXIL_APP_CTRL_ADDR_WIDTH-1:0] s_axil_app_ctrl_awaddr,
    input  wire [2:0] s_axil_app_ctrl_awprot,
    input  wire s_axil_app_ctrl_awvalid,
    output wire s_axil_app_ctrl_awready,
    input  wire [AXIL_APP_CTRL_DATA_WIDTH-1:0] s_axil_app_ctrl_wdata,
    input  wire [AXIL_APP_CTRL_STRB_WIDTH-1:0] s_axil_app_ctrl_wstrb,
    input  wire s_axil_app_ctrl_wvalid,
    output wire s_axil_app_ctrl_wready,
    output wire [1:0] s_axil_app_ctrl_bresp,
    output wire s_axil_app_ctrl_bvalid,
    input  wire s_axil_app_ctrl_bready,
    input  wire [AXIL_APP_CTRL_ADDR_WIDTH-1:0] s_axil_app_ctrl_araddr,
    input  wire [2:0] s_axil_app_ctrl_arprot,
    input  wire s_axil_app_ctrl_arvalid,
    output wire s_axil_app_ctrl_arready,
    output wire [AXIL_APP_CTRL_DATA_WIDTH-1:0] s_axil_app_ctrl_rdata,
    output wire [1:0] s_axil_app_ctrl_rresp,
    output wire s_axil_app_ctrl_rvalid,
    input  wire s_axil_app_ctrl_rready,

    // Control of the NIC: unused.
    output wire [AXIL_CTRL_ADDR_WIDTH-1:0] m_axil_ctrl_awaddr,
    output wire [2:0] m_axil_ctrl_awprot,
    output wire m_axil_ctrl_awvalid,
    input  wire m_axil_ctrl_awready,
    output wire [AXIL_CTRL_DATA_WIDTH-1:0] m_axil_ctrl_wdata,
    output wire [AXIL_CTRL_STRB_WIDTH-1:0] m_axil_ctrl_wstrb,
    output wire m_axil_ctrl_wvalid,
    input  wire m_axil_ctrl_wready,
    input  wire [1:0] m_axil_ctrl_bresp,
    input  wire m_axil_ctrl_bvalid,
    output wire m_axil_ctrl_bready,
    output wire [AXIL_CTRL_ADDR_WIDTH-1:0] m_axil_ctrl_araddr,
    output wire [2:0] m_axil_ctrl_arprot,
    output wire m_axil_ctrl_arvalid,
    input  wire m_axil_ctrl_arready,
    input  wire [AXIL_CTRL_DATA_WIDTH-1:0] m_axil_ctrl_rdata,
    input  wire [1:0] m_axil_ctrl_rresp,
    input  wire m_axil_ctrl_rvalid,
    output wire m_axil_ctrl_rready,

    // DMA: unused.
    output wire [DMA_ADDR_WIDTH-1:0] m_axis_ctrl_dma_read_desc_dma_addr,
    output wire [RAM_SEL_WIDTH-1:0] m_axis_ctrl_dma_read_desc_ram_sel,
    output wire [RAM_ADDR_WIDTH-1:0] m_axis_ctrl_dma_read_desc_ram_addr,
    output wire [DMA_LEN_WIDTH-1:0] m_axis_ctrl_dma_read_desc_len,
    output wire [DMA_TAG_WIDTH-1:0] m_axis_ctrl_dma_read_desc_tag,
    output wire m_axis_ctrl_dma_read_desc_valid,
    input  wire m_axis_ctrl_dma_read_desc_ready,
    input  wire [DMA_TAG_WIDTH-1:0] s_axis_ctrl_dma_read_desc_status_tag,
    input  wire [3:0] s_axis_ctrl_dma_read_desc_status_error,
    input  wire s_axis_ctrl_dma_read_desc_status_valid,
    output wire [DMA_ADDR_WIDTH-1:0] m_axis_ctrl_dma_write_desc_dma_addr,
    output wire [RAM_SEL_WIDTH-1:0] m_axis_ctrl_dma_write_desc_ram_sel,
    output wire [RAM_ADDR_WIDTH-1:0] m_axis_ctrl_dma_write_desc_ram_addr,
    output wire [DMA_IMM_WIDTH-1:0] m_axis_ctrl_dma_write_desc_imm,
    output wire m_axis_ctrl_dma_write_desc_imm_en,
    output wire [DMA_LEN_WIDTH-1:0] m_axis_ctrl_dma_write_desc_len,
    output wire [DMA_TAG_WIDTH-1:0] m_axis_ctrl_dma_write_desc_tag,
    output wire m_axis_ctrl_dma_write_desc_valid,
    input  wire m_axis_ctrl_dma_write_desc_ready,
    input  wire [DMA_TAG_WIDTH-1:0] s_axis_ctrl_dma_write_desc_status_tag,
    input  wire [3:0] s_axis_ctrl_dma_write_desc_status_error,
    input  wire s_axis_ctrl_dma_write_desc_status_valid,
    output wire [DMA_ADDR_WIDTH-1:0] m_axis_data_dma_read_desc_dma_addr,
    output wire [RAM_SEL_WIDTH-1:0] m_axis_data_dma_read_desc_ram_sel,
    output wire [RAM_ADDR_WIDTH-1:0] m_axis_data_dma_read_desc_ram_addr,
    output wire [DMA_LEN_WIDTH-1:0] m_axis_data_dma_read_desc_len,
    output wire [DMA_TAG_WIDTH-1:0] m_axis_data_dma_read_desc_tag,
    output wire m_axis_data_dma_read_desc_valid,
    input  wire m_axis_data_dma_read_desc_ready,
    input  wire [DMA_TAG_WIDTH-1:0] s_axis_data_dma_read_desc_status_tag,
    input  wire [3:0] s_axis_data_dma_read_desc_status_error,
    input  wire s_axis_data_dma_read_desc_status_valid,
    output wire [DMA_ADDR_WIDTH-1:0] m_axis_data_dma_write_desc_dma_addr,
    output wire [RAM_SEL_WIDTH-1:0] m_axis_data_dma_write_desc_ram_sel,
    output wire [RAM_ADDR_WIDTH-1:0] m_axis_data_dma_write_desc_ram_addr,
    output wire [DMA_IMM_WIDTH-1:0] m_axis_data_dma_write_desc_imm,
    output wire m_axis_data_dma_write_desc_imm_en,
    output wire [DMA_LEN_WIDTH-1:0] m_axis_data_dma_write_desc_len,
    output wire [DMA_TAG_WIDTH-1:0] m_axis_data_dma_write_desc_tag,
    output wire m_axis_data_dma_write_desc_valid,
    input  wire m_axis_data_dma_write_desc_ready,
    input  wire [DMA_TAG_WIDTH-1:0] s_axis_data_dma_write_desc_status_tag,
    input  wire [3:0] s_axis_data_dma_write_desc_status_error,
    input  wire s_axis_data_dma_write_desc_status_valid,
    input  wire [RAM_SEG_COUNT*RAM_SEL_WIDTH-1:0] ctrl_dma_ram_wr_cmd_sel,
    input  wire [RAM_SEG_COUNT*RAM_SEG_BE_WIDTH-1:0] ctrl_dma_ram_wr_cmd_be,
    input  wire [RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH-1:0] ctrl_dma_ram_wr_cmd_addr,
    input  wire [RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH-1:0] ctrl_dma_ram_wr_cmd_data,
    input  wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_wr_cmd_valid,
    output wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_wr_cmd_ready,
    output wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_wr_done,
    input  wire [RAM_SEG_COUNT*RAM_SEL_WIDTH-1:0] ctrl_dma_ram_rd_cmd_sel,
    input  wire [RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH-1:0] ctrl_dma_ram_rd_cmd_addr,
    input  wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_rd_cmd_valid,
    output wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_rd_cmd_ready,
    output wire [RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH-1:0] ctrl_dma_ram_rd_resp_data,
    output wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_rd_resp_valid,
    input  wire [RAM_SEG_COUNT-1:0] ctrl_dma_ram_rd_resp_ready,
    input  wire [RAM_SEG_COUNT*RAM_SEL_WIDTH-1:0] data_dma_ram_wr_cmd_sel,
    input  wire [RAM_SEG_COUNT*RAM_SEG_BE_WIDTH-1:0] data_dma_ram_wr_cmd_be,
    input  wire [RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH-1:0] data_dma_ram_wr_cmd_addr,
    input  wire [RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH-1:0] data_dma_ram_wr_cmd_data,
    input  wire [RAM_SEG_COUNT-1:0] data_dma_ram_wr_cmd_valid,
    output wire [RAM_SEG_COUNT-1:0] data_dma_ram_wr_cmd_ready,
    output wire [RAM_SEG_COUNT-1:0] data_dma_ram_wr_done,
    input  wire [RAM_SEG_COUNT*RAM_SEL_WIDTH-1:0] data_dma_ram_rd_cmd_sel,
    input  wire [RAM_SEG_COUNT*RAM_SEG_ADDR_WIDTH-1:0] data_dma_ram_rd_cmd_addr,
    input  wire [RAM_SEG_COUNT-1:0] data_dma_ram_rd_cmd_valid,
    output wire [RAM_SEG_COUNT-1:0] data_dma_ram_rd_cmd_ready,
    output wire [RAM_SEG_COUNT*RAM_SEG_DATA_WIDTH-1:0] data_dma_ram_rd_resp_data,
    output wire [RAM_SEG_COUNT-1:0] data_dma_ram_rd_resp_valid,
    input  wire [RAM_SEG_COUNT-1:0] data_dma_ram_rd_resp_ready,

    // PTP: unused.
    input  wire ptp_clk,
    input  wire ptp_rst,
    input  wire ptp_sample_clk,
    input  wire ptp_td_sd,
    input  wire ptp_pps,
    input  wire ptp_pps_str,
    input  wire ptp_sync_locked,
    input  wire [PTP_TS_WIDTH-1:0] ptp_sync_ts_rel,
    input  wire ptp_sync_ts_rel_step,
    input  wire [PTP_TS_WIDTH-1:0] ptp_sync_ts_tod,
    input  wire ptp_sync_ts_tod_step,
    input  wire ptp_sync_pps,
    input  wire ptp_sync_pps_str,
    input  wire [PTP_PEROUT_COUNT-1:0] ptp_perout_locked,
    input  wire [PTP_PEROUT_COUNT-1:0] ptp_perout_error,
    input  wire [PTP_PEROUT_COUNT-1:0] ptp_perout_pulse,

    // Frames at the MACs, in their clocks: straight through.
    input  wire [PORT_COUNT-1:0] direct_tx_clk,
    input  wire [PORT_COUNT-1:0] direct_tx_rst,
    input  wire [PORT_COUNT*AXIS_DATA_WIDTH-1:0] s_axis_direct_tx_tdata,
    input  wire [PORT_COUNT*AXIS_KEEP_WIDTH-1:0] s_axis_direct_tx_tkeep,
    input  wire [PORT_COUNT-1:0] s_axis_direct_tx_tvalid,
    output wire [PORT_COUNT-1:0] s_axis_direct_tx_tready,
    input  wire [PORT_COUNT-1:0] s_axis_direct_tx_tlast,
    input  wire [PORT_COUNT*AXIS_TX_USER_WIDTH-1:0] s_axis_direct_tx_tuser,
    output wire [PORT_COUNT*AXIS_DATA_WIDTH-1:0] m_axis_direct_tx_tdata,
    output wire [PORT_COUNT*AXIS_KEEP_WIDTH-1:0] m_axis_direct_tx_tkeep,
    output wire [PORT_COUNT-1:0] m_axis_direct_tx_tvalid,
    input  wire [PORT_COUNT-1:0] m_axis_direct_tx_tready,
    output wire [PORT_COUNT-1:0] m_axis_direct_tx_tlast,
    output wire [PORT_COUNT*AXIS_TX_USER_WIDTH-1:0] m_axis_direct_tx_tuser,
    input  wire [PORT_COUNT*PTP_TS_WIDTH-1:0] s_axis_direct_tx_cpl_ts,
    input  wire [PORT_COUNT*TX_TAG_WIDTH-1:0] s_axis_direct_tx_cpl_tag,
    input  wire [PORT_COUNT-1:0] s_axis_direct_tx_cpl_valid,
    output wire [PORT_COUNT-1:0] s_axis_direct_tx_cpl_ready,
    output wire [PORT_COUNT*PTP_TS_WIDTH-1:0] m_axis_direct_tx_cpl_ts,
    output wire [PORT_COUNT*TX_TAG_WIDTH-1:0] m_axis_direct_tx_cpl_tag,
    output wire [PORT_COUNT-1:0] m_axis_direct_tx_cpl_valid,
    input  wire [PORT_COUNT-1:0] m_axis_direct_tx_cpl_ready,
    input  wire [PORT_COUNT-1:0] direct_rx_clk,
    input  wire [PORT_COUNT-1:0] direct_rx_rst,
    input  wire [PORT_COUNT*AXIS_DATA_WIDTH-1:0] s_axis_direct_rx_tdata,
    input  wire [PORT_COUNT*AXIS_KEEP_WIDTH-1:0] s_axis_direct_rx_tkeep,
    input  wire [PORT_COUNT-1:0] s_axis_direct_rx_tvalid,
    output wire [PORT_COUNT-1:0] s_axis_direct_rx_tready,
    input  wire [PORT_COUNT-1:0] s_axis_direct_rx_tlast,
    input  wire [PORT_COUNT*AXIS_RX_USER_WIDTH-1:0] s_axis_direct_rx_tuser,
    output wire [PORT_COUNT*AXIS_DATA_WIDTH-1:0] m_axis_direct_rx_tdata,
    output wire [PORT_COUNT*AXIS_KEEP_WIDTH-1:0] m_axis_direct_rx_tkeep,
    output wire [PORT_COUNT-1:0] m_axis_direct_rx_tvalid,
    input  wire [PORT_COUNT-1:0] m_axis_direct_rx_tready,
    output wire [PORT_COUNT-1:0] m_axis_direct_rx_tlast,
    output wire [PORT_COUNT*AXIS_RX_USER_WIDTH-1:0] m_axis_direct_rx_tuser,

    // Frames in the core clock: the card, at port 0.
    input  wire [PORT_COUNT*AXIS_SYNC_DATA_WIDTH-1:0] s_axis_sync_tx_tdata,
    input  wire [PORT_COUNT*AXIS_SYNC_KEEP_WIDTH-1:0] s_axis_sync_tx_tkeep,
    input  wire [PORT_COUNT-1:0] s_axis_sync_tx_tvalid,
    output wire [PORT_COUNT-1:0] s_axis_sync_tx_tready,
    input  wire [PORT_COUNT-1:0] s_axis_sync_tx_tlast,
    input  wire [PORT_COUNT*AXIS_SYNC_TX_USER_WIDTH-1:0] s_axis_sync_tx_tuser,
    output wire [PORT_COUNT*AXIS_SYNC_DATA_WIDTH-1:0] m_axis_sync_tx_tdata,
    output wire [PORT_COUNT*AXIS_SYNC_KEEP_WIDTH-1:0] m_axis_sync_tx_tkeep,
    output wire [PORT_COUNT-1:0] m_axis_sync_tx_tvalid,
    input  wire [PORT_COUNT-1:0] m_axis_sync_tx_tready,
    output wire [PORT_COUNT-1:0] m_axis_sync_tx_tlast,
    output wire [PORT_COUNT*AXIS_SYNC_TX_USER_WIDTH-1:0] m_axis_sync_tx_tuser,
    input  wire [PORT_COUNT*PTP_TS_WIDTH-1:0] s_axis_sync_tx_cpl_ts,
    input  wire [PORT_COUNT*TX_TAG_WIDTH-1:0] s_axis_sync_tx_cpl_tag,
    input  wire [PORT_COUNT-1:0] s_axis_sync_tx_cpl_valid,
    output wire [PORT_COUNT-1:0] s_axis_sync_tx_cpl_ready,
    output wire [PORT_COUNT*PTP_TS_WIDTH-1:0] m_axis_sync_tx_cpl_ts,
    output wire [PORT_COUNT*TX_TAG_WIDTH-1:0] m_axis_sync_tx_cpl_tag,
    output wire [PORT_COUNT-1:0] m_axis_sync_tx_cpl_valid,
    input  wire [PORT_COUNT-1:0] m_axis_sync_tx_cpl_ready,
    input  wire [PORT_COUNT*AXIS_SYNC_DATA_WIDTH-1:0] s_axis_sync_rx_tdata,
    input  wire [PORT_COUNT*AXIS_SYNC_KEEP_WIDTH-1:0] s_axis_sync_rx_tkeep,
    input  wire [PORT_COUNT-1:0] s_axis_sync_rx_tvalid,
    output wire [PORT_COUNT-1:0] s_axis_sync_rx_tready,
    input  wire [PORT_COUNT-1:0] s_axis_sync_rx_tlast,
    input  wire [PORT_COUNT*AXIS_SYNC_RX_USER_WIDTH-1:0] s_axis_sync_rx_tuser,
    output wire [PORT_COUNT*AXIS_SYNC_DATA_WIDTH-1:0] m_axis_sync_rx_tdata,
    output wire [PORT_COUNT*AXIS_SYNC_KEEP_WIDTH-1:0] m_axis_sync_rx_tkeep,
    output wire [PORT_COUNT-1:0] m_axis_sync_rx_tvalid,
    input  wire [PORT_COUNT-1:0] m_axis_sync_rx_tready,
    output wire [PORT_COUNT-1:0] m_axis_sync_rx_tlast,
    output wire [PORT_COUNT*AXIS_SYNC_RX_USER_WIDTH-1:0] m_axis_sync_rx_tuser,

    // Frames at the interfaces: straight through.
    input  wire [IF_COUNT*AXIS_IF_DATA_WIDTH-1:0] s_axis_if_tx_tdata,
    input  wire [IF_COUNT*AXIS_IF_KEEP_WIDTH-1:0] s_axis_if_tx_tkeep,
    input  wire [IF_COUNT-1:0] s_axis_if_tx_tvalid,
    output wire [IF_COUNT-1:0] s_axis_if_tx_tready,
    input  wire [IF_COUNT-1:0] s_axis_if_tx_tlast,
    input  wire [IF_COUNT*AXIS_IF_TX_ID_WIDTH-1:0] s_axis_if_tx_tid,
    input  wire [IF_COUNT*AXIS_IF_TX_DEST_WIDTH-1:0] s_axis_if_tx_tdest,
    input  wire [IF_COUNT*AXIS_IF_TX_USER_WIDTH-1:0] s_axis_if_tx_tuser,
    output wire [IF_COUNT*AXIS_IF_DATA_WIDTH-1:0] m_axis_if_tx_tdata,
    output wire [IF_COUNT*AXIS_IF_KEEP_WIDTH-1:0] m_axis_if_tx_tkeep,
    output wire [IF_COUNT-1:0] m_axis_if_tx_tvalid,
    input  wire [IF_COUNT-1:0] m_axis_if_tx_tready,
    output wire [IF_COUNT-1:0] m_axis_if_tx_tlast,
    output wire [IF_COUNT*AXIS_IF_TX_ID_WIDTH-1:0] m_axis_if_tx_tid,
    output wire [IF_COUNT*AXIS_IF_TX_DEST_WIDTH-1:0] m_axis_if_tx_tdest,
    output wire [IF_COUNT*AXIS_IF_TX_USER_WIDTH-1:0] m_axis_if_tx_tuser,
    input  wire [IF_COUNT*PTP_TS_WIDTH-1:0] s_axis_if_tx_cpl_ts,
    input  wire [IF_COUNT*TX_TAG_WIDTH-1:0] s_axis_if_tx_cpl_tag,
    input  wire [IF_COUNT-1:0] s_axis_if_tx_cpl_valid,
    output wire [IF_COUNT-1:0] s_axis_if_tx_cpl_ready,
    output wire [IF_COUNT*PTP_TS_WIDTH-1:0] m_axis_if_tx_cpl_ts,
    output wire [IF_COUNT*TX_TAG_WIDTH-1:0] m_axis_if_tx_cpl_tag,
    output wire [IF_COUNT-1:0] m_axis_if_tx_cpl_valid,
    input  wire [IF_COUNT-1:0] m_axis_if_tx_cpl_ready,
    input  wire [IF_COUNT*AXIS_IF_DATA_WIDTH-1:0] s_axis_if_rx_tdata,
    input  wire [IF_COUNT*AXIS_IF_KEEP_WIDTH-1:0] s_axis_if_rx_tkeep,
    input  wire [IF_COUNT-1:0] s_axis_if_rx_tvalid,
    output wire [IF_COUNT-1:0] s_axis_if_rx_tready,
    input  wire [IF_COUNT-1:0] s_axis_if_rx_tlast,
    input  wire [IF_COUNT*AXIS_IF_RX_ID_WIDTH-1:0] s_axis_if_rx_tid,
    input  wire [IF_COUNT*AXIS_IF_RX_DEST_WIDTH-1:0] s_axis_if_rx_tdest,
    input  wire [IF_COUNT*AXIS_IF_RX_USER_WIDTH-1:0] s_axis_if_rx_tuser,
    output wire [IF_COUNT*AXIS_IF_DATA_WIDTH-1:0] m_axis_if_rx_tdata,
    output wire [IF_COUNT*AXIS_IF_KEEP_WIDTH-1:0] m_axis_if_rx_tkeep,
    output wire [IF_COUNT-1:0] m_axis_if_rx_tvalid,
    input  wire [IF_COUNT-1:0] m_axis_if_rx_tready,
    output wire [IF_COUNT-1:0] m_axis_if_rx_tlast,
    output wire [IF_COUNT*AXIS_IF_RX_ID_WIDTH-1:0] m_axis_if_rx_tid,
    output wire [IF_COUNT*AXIS_IF_RX_DEST_WIDTH-1:0] m_axis_if_rx_tdest,
    output wire [IF_COUNT*AXIS_IF_RX_USER_WIDTH-1:0] m_axis_if_rx_tuser,

    // Memories: unused.
    input  wire [DDR_CH-1:0] ddr_clk,
    input  wire [DDR_CH-1:0] ddr_rst,
    output wire [DDR_CH*AXI_DDR_ID_WIDTH-1:0] m_axi_ddr_awid,
    output wire [DDR_CH*AXI_DDR_ADDR_WIDTH-1:0] m_axi_ddr_awaddr,
    output wire [DDR_CH*8-1:0] m_axi_ddr_awlen,
    output wire [DDR_CH*3-1:0] m_axi_ddr_awsize,
    output wire [DDR_CH*2-1:0] m_axi_ddr_awburst,
    output wire [DDR_CH-1:0] m_axi_ddr_awlock,
    output wire [DDR_CH*4-1:0] m_axi_ddr_awcache,
    output wire [DDR_CH*3-1:0] m_axi_ddr_awprot,
    output wire [DDR_CH*4-1:0] m_axi_ddr_awqos,
    output wire [DDR_CH*AXI_DDR_AWUSER_WIDTH-1:0] m_axi_ddr_awuser,
    output wire [DDR_CH-1:0] m_axi_ddr_awvalid,
    input  wire [DDR_CH-1:0] m_axi_ddr_awready,
    output wire [DDR_CH*AXI_DDR_DATA_WIDTH-1:0] m_axi_ddr_wdata,
    output wire [DDR_CH*AXI_DDR_STRB_WIDTH-1:0] m_axi_ddr_wstrb,
    output wire [DDR_CH-1:0] m_axi_ddr_wlast,
    output wire [DDR_CH*AXI_DDR_WUSER_WIDTH-1:0] m_axi_ddr_wuser,
    output wire [DDR_CH-1:0] m_axi_ddr_wvalid,
    input  wire [DDR_CH-1:0] m_axi_ddr_wready,
    input  wire [DDR_CH*AXI_DDR_ID_WIDTH-1:0] m_axi_ddr_bid,
    input  wire [DDR_CH*2-1:0] m_axi_ddr_bresp,
    input  wire [DDR_CH*AXI_DDR_BUSER_WIDTH-1:0] m_axi_ddr_buser,
    input  wire [DDR_CH-1:0] m_axi_ddr_bvalid,
    output wire [DDR_CH-1:0] m_axi_ddr_bready,
    output wire [DDR_CH*AXI_DDR_ID_WIDTH-1:0] m_axi_ddr_arid,
    output wire [DDR_CH*AXI_DDR_ADDR_WIDTH-1:0] m_axi_ddr_araddr,
    output wire [DDR_CH*8-1:0] m_axi_ddr_arlen,
    output wire [DDR_CH*3-1:0] m_axi_ddr_arsize,
    output wire [DDR_CH*2-1:0] m_axi_ddr_arburst,
    output wire [DDR_CH-1:0] m_axi_ddr_arlock,
    output wire [DDR_CH*4-1:0] m_axi_ddr_arcache,
    output wire [DDR_CH*3-1:0] m_axi_ddr_arprot,
    output wire [DDR_CH*4-1:0] m_axi_ddr_arqos,
    output wire [DDR_CH*AXI_DDR_ARUSER_WIDTH-1:0] m_axi_ddr_aruser,
    output wire [DDR_CH-1:0] m_axi_ddr_arvalid,
    input  wire [DDR_CH-1:0] m_axi_ddr_arready,
    input  wire [DDR_CH*AXI_DDR_ID_WIDTH-1:0] m_axi_ddr_rid,
    input  wire [DDR_CH*AXI_DDR_DATA_WIDTH-1:0] m_axi_ddr_rdata,
    input  wire [DDR_CH*2-1:0] m_axi_ddr_rresp,
    input  wire [DDR_CH-1:0] m_axi_ddr_rlast,
    input  wire [DDR_CH*AXI_DDR_RUSER_WIDTH-1:0] m_axi_ddr_ruser,
    input  wire [DDR_CH-1:0] m_axi_ddr_rvalid,
    output wire [DDR_CH-1:0] m_axi_ddr_rready,
    input  wire [DDR_CH-1:0] ddr_status,
    input  wire [HBM_CH-1:0] hbm_clk,
    input  wire [HBM_CH-1:0] hbm_rst,
    output wire [HBM_CH*AXI_HBM_ID_WIDTH-1:0] m_axi_hbm_awid,
    output wire [HBM_CH*AXI_HBM_ADDR_WIDTH-1:0] m_axi_hbm_awaddr,
    output wire [HBM_CH*8-1:0] m_axi_hbm_awlen,
    output wire [HBM_CH*3-1:0] m_axi_hbm_awsize,
    output wire [HBM_CH*2-1:0] m_axi_hbm_awburst,
    output wire [HBM_CH-1:0] m_axi_hbm_awlock,
    output wire [HBM_CH*4-1:0] m_axi_hbm_awcache,
    output wire [HBM_CH*3-1:0] m_axi_hbm_awprot,
    output wire [HBM_CH*4-1:0] m_axi_hbm_awqos,
    output wire [HBM_CH*AXI_HBM_AWUSER_WIDTH-1:0] m_axi_hbm_awuser,
    output wire [HBM_CH-1:0] m_axi_hbm_awvalid,
    input  wire [HBM_CH-1:0] m_axi_hbm_awready,
    output wire [HBM_CH*AXI_HBM_DATA_WIDTH-1:0] m_axi_hbm_wdata,
    output wire [HBM_CH*AXI_HBM_STRB_WIDTH-1:0] m_axi_hbm_wstrb,
    output wire [HBM_CH-1:0] m_axi_hbm_wlast,
    output wire [HBM_CH*AXI_HBM_WUSER_WIDTH-1:0] m_axi_hbm_wuser,
    output wire [HBM_CH-1:0] m_axi_hbm_wvalid,
    input  wire [HBM_CH-1:0] m_axi_hbm_wready,
    input  wire [HBM_CH*AXI_HBM_ID_WIDTH-1:0] m_axi_hbm_bid,
    input  wire [HBM_CH*2-1:0] m_axi_hbm_bresp,
    input  wire [HBM_CH*AXI_HBM_BUSER_WIDTH-1:0] m_axi_hbm_buser,
    input  wire [HBM_CH-1:0] m_axi_hbm_bvalid,
    output wire [HBM_CH-1:0] m_axi_hbm_bready,
    output wire [HBM_CH*AXI_HBM_ID_WIDTH-1:0] m_axi_hbm_arid,
    output wire [HBM_CH*AXI_HBM_ADDR_WIDTH-1:0] m_axi_hbm_araddr,
    output wire [HBM_CH*8-1:0] m_axi_hbm_arlen,
    output wire [HBM_CH*3-1:0] m_axi_hbm_arsize,
    output wire [HBM_CH*2-1:0] m_axi_hbm_arburst,
    output wire [HBM_CH-1:0] m_axi_hbm_arlock,
    output wire [HBM_CH*4-1:0] m_axi_hbm_arcache,
    output wire [HBM_CH*3-1:0] m_axi_hbm_arprot,
    output wire [HBM_CH*4-1:0] m_axi_hbm_arqos,
    output wire [HBM_CH*AXI_HBM_ARUSER_WIDTH-1:0] m_axi_hbm_aruser,
    output wire [HBM_CH-1:0] m_axi_hbm_arvalid,
    input  wire [HBM_CH-1:0] m_axi_hbm_arready,
    input  wire [HBM_CH*AXI_HBM_ID_WIDTH-1:0] m_axi_hbm_rid,
    input  wire [HBM_CH*AXI_HBM_DATA_WIDTH-1:0] m_axi_hbm_rdata,
    input  wire [HBM_CH*2-1:0] m_axi_hbm_rresp,
    input  wire [HBM_CH-1:0] m_axi_hbm_rlast,
    input  wire [HBM_CH*AXI_HBM_RUSER_WIDTH-1:0] m_axi_hbm_ruser,
    input  wire [HBM_CH-1:0] m_axi_hbm_rvalid,
    output wire [HBM_CH-1:0] m_axi_hbm_rready,
    input  wire [HBM_CH-1:0] hbm_status,

    // Statistics, pins, JTAG: unused.
    output wire [STAT_INC_WIDTH-1:0] m_axis_stat_tdata,
    output wire [STAT_ID_WIDTH-1:0] m_axis_stat_tid,
    output wire m_axis_stat_tvalid,
    input  wire m_axis_stat_tready,
    input  wire [APP_GPIO_IN_WIDTH-1:0] gpio_in,
    output wire [APP_GPIO_OUT_WIDTH-1:0] gpio_out,
    input  wire jtag_tdi,
    output wire jtag_tdo,
    input  wire jtag_tms,
    input  wire jtag_tck
);

    initial begin
        if (APP_ID != 32'h464F474C || AXIS_SYNC_DATA_WIDTH != 512) begin
            $display("fogline: APP_ID is 32'h464F474C, and the sync streams have 512 bits");
            $finish;
        end
    end

    wire [127:0] line_tx_user, host_tx_user, dropped_user;
    wire [15:0] host_tx_queue;
    wire dropped;
    wire [127:0] host_rx_user, line_rx_user;
    assign host_rx_user[127:AXIS_SYNC_TX_USER_WIDTH] = 0;
    assign host_rx_user[AXIS_SYNC_TX_USER_WIDTH-1:0] = s_axis_sync_tx_tuser[AXIS_SYNC_TX_USER_WIDTH-1:0];
    assign line_rx_user[127:AXIS_SYNC_RX_USER_WIDTH] = 0;
    assign line_rx_user[AXIS_SYNC_RX_USER_WIDTH-1:0] = s_axis_sync_rx_tuser[AXIS_SYNC_RX_USER_WIDTH-1:0];
    assign m_axis_sync_tx_tuser[AXIS_SYNC_TX_USER_WIDTH-1:0] = line_tx_user[AXIS_SYNC_TX_USER_WIDTH-1:0];
    assign m_axis_sync_rx_tuser[AXIS_SYNC_RX_USER_WIDTH-1:0] = host_tx_user[AXIS_SYNC_RX_USER_WIDTH-1:0];

    line100 card (
        .clock(clk), .reset(rst), .interrupt(),
        .s_axil_awaddr(s_axil_app_ctrl_awaddr[15:0]), .s_axil_awvalid(s_axil_app_ctrl_awvalid),
        .s_axil_awready(s_axil_app_ctrl_awready), .s_axil_wdata(s_axil_app_ctrl_wdata),
        .s_axil_wstrb(s_axil_app_ctrl_wstrb), .s_axil_wvalid(s_axil_app_ctrl_wvalid),
        .s_axil_wready(s_axil_app_ctrl_wready), .s_axil_bresp(s_axil_app_ctrl_bresp),
        .s_axil_bvalid(s_axil_app_ctrl_bvalid), .s_axil_bready(s_axil_app_ctrl_bready),
        .s_axil_araddr(s_axil_app_ctrl_araddr[15:0]), .s_axil_arvalid(s_axil_app_ctrl_arvalid),
        .s_axil_arready(s_axil_app_ctrl_arready), .s_axil_rdata(s_axil_app_ctrl_rdata),
        .s_axil_rresp(s_axil_app_ctrl_rresp), .s_axil_rvalid(s_axil_app_ctrl_rvalid),
        .s_axil_rready(s_axil_app_ctrl_rready),

        .host_rx_axis_tdata(s_axis_sync_tx_tdata[511:0]), .host_rx_axis_tkeep(s_axis_sync_tx_tkeep[63:0]),
        .host_rx_axis_tvalid(s_axis_sync_tx_tvalid[0]), .host_rx_axis_tready(s_axis_sync_tx_tready[0]),
        .host_rx_axis_tlast(s_axis_sync_tx_tlast[0]), .host_rx_axis_tuser(host_rx_user),
        .host_rx_dropped_valid(dropped), .host_rx_dropped_user(dropped_user),

        .line_tx_axis_tdata(m_axis_sync_tx_tdata[511:0]), .line_tx_axis_tkeep(m_axis_sync_tx_tkeep[63:0]),
        .line_tx_axis_tvalid(m_axis_sync_tx_tvalid[0]), .line_tx_axis_tready(m_axis_sync_tx_tready[0]),
        .line_tx_axis_tlast(m_axis_sync_tx_tlast[0]), .line_tx_axis_tuser(line_tx_user),
        .line_tx_axis_tdest(), .line_tx_axis_tlen(),

        .line_rx_axis_tdata(s_axis_sync_rx_tdata[511:0]), .line_rx_axis_tkeep(s_axis_sync_rx_tkeep[63:0]),
        .line_rx_axis_tvalid(s_axis_sync_rx_tvalid[0]), .line_rx_axis_tready(s_axis_sync_rx_tready[0]),
        .line_rx_axis_tlast(s_axis_sync_rx_tlast[0]), .line_rx_axis_tuser(line_rx_user),
        .line_rx_dropped_valid(), .line_rx_dropped_user(),

        .host_tx_axis_tdata(m_axis_sync_rx_tdata[511:0]), .host_tx_axis_tkeep(m_axis_sync_rx_tkeep[63:0]),
        .host_tx_axis_tvalid(m_axis_sync_rx_tvalid[0]), .host_tx_axis_tready(m_axis_sync_rx_tready[0]),
        .host_tx_axis_tlast(m_axis_sync_rx_tlast[0]), .host_tx_axis_tuser(host_tx_user),
        .host_tx_axis_tdest(host_tx_queue), .host_tx_axis_tlen()
    );

    fogline_completions #(.TAG_WIDTH(TX_TAG_WIDTH), .TIME_WIDTH(PTP_TS_WIDTH)) completions (
        .clock(clk), .reset(rst), .dropped_valid(dropped), .dropped_tag(dropped_user[TX_TAG_WIDTH:1]),
        .s_time(s_axis_sync_tx_cpl_ts[PTP_TS_WIDTH-1:0]), .s_tag(s_axis_sync_tx_cpl_tag[TX_TAG_WIDTH-1:0]),
        .s_valid(s_axis_sync_tx_cpl_valid[0]), .s_ready(s_axis_sync_tx_cpl_ready[0]),
        .m_time(m_axis_sync_tx_cpl_ts[PTP_TS_WIDTH-1:0]), .m_tag(m_axis_sync_tx_cpl_tag[TX_TAG_WIDTH-1:0]),
        .m_valid(m_axis_sync_tx_cpl_valid[0]), .m_ready(m_axis_sync_tx_cpl_ready[0])
    );

    // Queue numbers of the frames between the two streams, in order.
    wire queue_put = m_axis_sync_rx_tvalid[0] && m_axis_sync_rx_tready[0] && m_axis_sync_rx_tlast[0];
    wire queue_take = m_axis_if_rx_tvalid[0] && m_axis_if_rx_tready[0] && m_axis_if_rx_tlast[0];
    reg [15:0] queues [0:1023];
    reg [9:0] queue_head, queue_tail;
    always @(posedge clk) begin
        if (queue_put) begin
            queues[queue_head] <= host_tx_queue;
            queue_head <= queue_head + 10'd1;
        end
        if (queue_take) queue_tail <= queue_tail + 10'd1;
        if (rst) begin
            queue_head <= 10'd0;
            queue_tail <= 10'd0;
        end
    end
    wire [15:0] queue = queues[queue_tail];

    genvar p;
    generate
        for (p = 1; p < PORT_COUNT; p = p + 1) begin : straight
            localparam D = AXIS_SYNC_DATA_WIDTH, K = AXIS_SYNC_KEEP_WIDTH;
            localparam T = AXIS_SYNC_TX_USER_WIDTH, R = AXIS_SYNC_RX_USER_WIDTH;
            assign m_axis_sync_tx_tdata[D*p +: D] = s_axis_sync_tx_tdata[D*p +: D];
            assign m_axis_sync_tx_tkeep[K*p +: K] = s_axis_sync_tx_tkeep[K*p +: K];
            assign m_axis_sync_tx_tvalid[p] = s_axis_sync_tx_tvalid[p];
            assign s_axis_sync_tx_tready[p] = m_axis_sync_tx_tready[p];
            assign m_axis_sync_tx_tlast[p] = s_axis_sync_tx_tlast[p];
            assign m_axis_sync_tx_tuser[T*p +: T] = s_axis_sync_tx_tuser[T*p +: T];
            assign m_axis_sync_tx_cpl_ts[PTP_TS_WIDTH*p +: PTP_TS_WIDTH] = s_axis_sync_tx_cpl_ts[PTP_TS_WIDTH*p +: PTP_TS_WIDTH];
            assign m_axis_sync_tx_cpl_tag[TX_TAG_WIDTH*p +: TX_TAG_WIDTH] = s_axis_sync_tx_cpl_tag[TX_TAG_WIDTH*p +: TX_TAG_WIDTH];
            assign m_axis_sync_tx_cpl_valid[p] = s_axis_sync_tx_cpl_valid[p];
            assign s_axis_sync_tx_cpl_ready[p] = m_axis_sync_tx_cpl_ready[p];
            assign m_axis_sync_rx_tdata[D*p +: D] = s_axis_sync_rx_tdata[D*p +: D];
            assign m_axis_sync_rx_tkeep[K*p +: K] = s_axis_sync_rx_tkeep[K*p +: K];
            assign m_axis_sync_rx_tvalid[p] = s_axis_sync_rx_tvalid[p];
            assign s_axis_sync_rx_tready[p] = m_axis_sync_rx_tready[p];
            assign m_axis_sync_rx_tlast[p] = s_axis_sync_rx_tlast[p];
            assign m_axis_sync_rx_tuser[R*p +: R] = s_axis_sync_rx_tuser[R*p +: R];
        end
        if (QUEUES != 0 && PORTS_PER_IF == 1) begin : by_queue
            localparam Q = AXIS_IF_RX_DEST_WIDTH;
            wire [Q-1:0] direct = {1'b1, {(Q-1){1'b0}}} | queue[Q-1:0];
            assign m_axis_if_rx_tdest[Q-1:0] = queue == 16'd0 ? s_axis_if_rx_tdest[Q-1:0] : direct;
            if (IF_COUNT > 1) begin : others
                assign m_axis_if_rx_tdest[IF_COUNT*Q-1:Q] = s_axis_if_rx_tdest[IF_COUNT*Q-1:Q];
            end
        end else begin : by_hash
            assign m_axis_if_rx_tdest = s_axis_if_rx_tdest;
        end
    endgenerate

    assign m_axis_direct_tx_tdata = s_axis_direct_tx_tdata;
    assign m_axis_direct_tx_tkeep = s_axis_direct_tx_tkeep;
    assign m_axis_direct_tx_tvalid = s_axis_direct_tx_tvalid;
    assign m_axis_direct_tx_tlast = s_axis_direct_tx_tlast;
    assign m_axis_direct_tx_tuser = s_axis_direct_tx_tuser;
    assign s_axis_direct_tx_tready = m_axis_direct_tx_tready;
    assign m_axis_direct_rx_tdata = s_axis_direct_rx_tdata;
    assign m_axis_direct_rx_tkeep = s_axis_direct_rx_tkeep;
    assign m_axis_direct_rx_tvalid = s_axis_direct_rx_tvalid;
    assign m_axis_direct_rx_tlast = s_axis_direct_rx_tlast;
    assign m_axis_direct_rx_tuser = s_axis_direct_rx_tuser;
    assign s_axis_direct_rx_tready = m_axis_direct_rx_tready;
    assign m_axis_direct_tx_cpl_ts = s_axis_direct_tx_cpl_ts;
    assign m_axis_direct_tx_cpl_tag = s_axis_direct_tx_cpl_tag;
    assign m_axis_direct_tx_cpl_valid = s_axis_direct_tx_cpl_valid;
    assign s_axis_direct_tx_cpl_ready = m_axis_direct_tx_cpl_ready;
    assign m_axis_if_tx_tdata = s_axis_if_tx_tdata;
    assign m_axis_if_tx_tkeep = s_axis_if_tx_tkeep;
    assign m_axis_if_tx_tvalid = s_axis_if_tx_tvalid;
    assign m_axis_if_tx_tlast = s_axis_if_tx_tlast;
    assign m_axis_if_tx_tuser = s_axis_if_tx_tuser;
    assign m_axis_if_tx_tid = s_axis_if_tx_tid;
    assign m_axis_if_tx_tdest = s_axis_if_tx_tdest;
    assign s_axis_if_tx_tready = m_axis_if_tx_tready;
    assign m_axis_if_rx_tdata = s_axis_if_rx_tdata;
    assign m_axis_if_rx_tkeep = s_axis_if_rx_tkeep;
    assign m_axis_if_rx_tvalid = s_axis_if_rx_tvalid;
    assign m_axis_if_rx_tlast = s_axis_if_rx_tlast;
    assign m_axis_if_rx_tuser = s_axis_if_rx_tuser;
    assign m_axis_if_rx_tid = s_axis_if_rx_tid;
    assign s_axis_if_rx_tready = m_axis_if_rx_tready;
    assign m_axis_if_tx_cpl_ts = s_axis_if_tx_cpl_ts;
    assign m_axis_if_tx_cpl_tag = s_axis_if_tx_cpl_tag;
    assign m_axis_if_tx_cpl_valid = s_axis_if_tx_cpl_valid;
    assign s_axis_if_tx_cpl_ready = m_axis_if_tx_cpl_ready;

    assign m_axil_ctrl_awaddr = 0;
    assign m_axil_ctrl_awprot = 0;
    assign m_axil_ctrl_awvalid = 0;
    assign m_axil_ctrl_wdata = 0;
    assign m_axil_ctrl_wstrb = 0;
    assign m_axil_ctrl_wvalid = 0;
    assign m_axil_ctrl_bready = 1'b1;
    assign m_axil_ctrl_araddr = 0;
    assign m_axil_ctrl_arprot = 0;
    assign m_axil_ctrl_arvalid = 0;
    assign m_axil_ctrl_rready = 1'b1;
    assign m_axis_ctrl_dma_read_desc_dma_addr = 0;
    assign m_axis_ctrl_dma_read_desc_ram_sel = 0;
    assign m_axis_ctrl_dma_read_desc_ram_addr = 0;
    assign m_axis_ctrl_dma_read_desc_len = 0;
    assign m_axis_ctrl_dma_read_desc_tag = 0;
    assign m_axis_ctrl_dma_read_desc_valid = 0;
    assign m_axis_ctrl_dma_write_desc_dma_addr = 0;
    assign m_axis_ctrl_dma_write_desc_ram_sel = 0;
    assign m_axis_ctrl_dma_write_desc_ram_addr = 0;
    assign m_axis_ctrl_dma_write_desc_imm = 0;
    assign m_axis_ctrl_dma_write_desc_imm_en = 0;
    assign m_axis_ctrl_dma_write_desc_len = 0;
    assign m_axis_ctrl_dma_write_desc_tag = 0;
    assign m_axis_ctrl_dma_write_desc_valid = 0;
    assign m_axis_data_dma_read_desc_dma_addr = 0;
    assign m_axis_data_dma_read_desc_ram_sel = 0;
    assign m_axis_data_dma_read_desc_ram_addr = 0;
    assign m_axis_data_dma_read_desc_len = 0;
    assign m_axis_data_dma_read_desc_tag = 0;
    assign m_axis_data_dma_read_desc_valid = 0;
    assign m_axis_data_dma_write_desc_dma_addr = 0;
    assign m_axis_data_dma_write_desc_ram_sel = 0;
    assign m_axis_data_dma_write_desc_ram_addr = 0;
    assign m_axis_data_dma_write_desc_imm = 0;
    assign m_axis_data_dma_write_desc_imm_en = 0;
    assign m_axis_data_dma_write_desc_len = 0;
    assign m_axis_data_dma_write_desc_tag = 0;
    assign m_axis_data_dma_write_desc_valid = 0;
    assign ctrl_dma_ram_wr_cmd_ready = {RAM_SEG_COUNT{1'b1}};
    assign ctrl_dma_ram_wr_done = ctrl_dma_ram_wr_cmd_valid;
    assign ctrl_dma_ram_rd_cmd_ready = ctrl_dma_ram_rd_resp_ready;
    assign ctrl_dma_ram_rd_resp_data = 0;
    assign ctrl_dma_ram_rd_resp_valid = ctrl_dma_ram_rd_cmd_valid;
    assign data_dma_ram_wr_cmd_ready = {RAM_SEG_COUNT{1'b1}};
    assign data_dma_ram_wr_done = data_dma_ram_wr_cmd_valid;
    assign data_dma_ram_rd_cmd_ready = data_dma_ram_rd_resp_ready;
    assign data_dma_ram_rd_resp_data = 0;
    assign data_dma_ram_rd_resp_valid = data_dma_ram_rd_cmd_valid;
    assign m_axi_ddr_awid = 0;
    assign m_axi_ddr_awaddr = 0;
    assign m_axi_ddr_awlen = 0;
    assign m_axi_ddr_awsize = 0;
    assign m_axi_ddr_awburst = 0;
    assign m_axi_ddr_awlock = 0;
    assign m_axi_ddr_awcache = 0;
    assign m_axi_ddr_awprot = 0;
    assign m_axi_ddr_awqos = 0;
    assign m_axi_ddr_awuser = 0;
    assign m_axi_ddr_awvalid = 0;
    assign m_axi_ddr_wdata = 0;
    assign m_axi_ddr_wstrb = 0;
    assign m_axi_ddr_wlast = 0;
    assign m_axi_ddr_wuser = 0;
    assign m_axi_ddr_wvalid = 0;
    assign m_axi_ddr_bready = 0;
    assign m_axi_ddr_arid = 0;
    assign m_axi_ddr_araddr = 0;
    assign m_axi_ddr_arlen = 0;
    assign m_axi_ddr_arsize = 0;
    assign m_axi_ddr_arburst = 0;
    assign m_axi_ddr_arlock = 0;
    assign m_axi_ddr_arcache = 0;
    assign m_axi_ddr_arprot = 0;
    assign m_axi_ddr_arqos = 0;
    assign m_axi_ddr_aruser = 0;
    assign m_axi_ddr_arvalid = 0;
    assign m_axi_ddr_rready = 0;
    assign m_axi_hbm_awid = 0;
    assign m_axi_hbm_awaddr = 0;
    assign m_axi_hbm_awlen = 0;
    assign m_axi_hbm_awsize = 0;
    assign m_axi_hbm_awburst = 0;
    assign m_axi_hbm_awlock = 0;
    assign m_axi_hbm_awcache = 0;
    assign m_axi_hbm_awprot = 0;
    assign m_axi_hbm_awqos = 0;
    assign m_axi_hbm_awuser = 0;
    assign m_axi_hbm_awvalid = 0;
    assign m_axi_hbm_wdata = 0;
    assign m_axi_hbm_wstrb = 0;
    assign m_axi_hbm_wlast = 0;
    assign m_axi_hbm_wuser = 0;
    assign m_axi_hbm_wvalid = 0;
    assign m_axi_hbm_bready = 0;
    assign m_axi_hbm_arid = 0;
    assign m_axi_hbm_araddr = 0;
    assign m_axi_hbm_arlen = 0;
    assign m_axi_hbm_arsize = 0;
    assign m_axi_hbm_arburst = 0;
    assign m_axi_hbm_arlock = 0;
    assign m_axi_hbm_arcache = 0;
    assign m_axi_hbm_arprot = 0;
    assign m_axi_hbm_arqos = 0;
    assign m_axi_hbm_aruser = 0;
    assign m_axi_hbm_arvalid = 0;
    assign m_axi_hbm_rready = 0;
    assign m_axis_stat_tdata = 0;
    assign m_axis_stat_tid = 0;
    assign m_axis_stat_tvalid = 0;
    assign gpio_out = 0;
    assign jtag_tdo = jtag_tdi;
endmodule

`default_nettype wire
