"""Wire names that are no entity: states of icons, counters of use, versions, and what is told twice.

A test holds every captured name against the tables and these lists, so that nothing goes missing unnoticed.
A trailing `*` stands for the rest of a name.
"""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PACK = _names(
    """
    bmsFault bqSysStatReg cellId num openBmsIdx remainTime sysVer tagChgAmp type errCode allErrCode
    allBmsFault balanceState ecloudOcv OCV mosState sysState chgDsgState chgState cellTemp cellVol
    cellSeriesNum cellNtcNum productType productDetail packSn hwEdition hwVersion loaderVer sysLoaderVer
    bmsHeartbeatVer bmsHeartVer calendarSch caleSoh cycSoh cycleSoh realSoh actSoc diffSoc targetSoc
    maxVolDiff minMosTemp totalChgCap totalDsgCap chgCap dsgCap recv
    """
)
_DELTA_PRO = _names(
    """
    ems.bms0Online ems.bmsModel ems.bmsWarningState ems.chgAmp ems.chgCmd ems.chgState ems.dsgCmd
    ems.emsIsNormalFlag ems.maxAvailableNum ems.openBmsIdx ems.openUpsFlag ems.paraVolMax ems.paraVolMin
    inv.acDipSwitch inv.cfgAcOutFreq inv.cfgAcOutVoltage inv.cfgAcWorkMode inv.cfgFastChgWatts
    inv.chargerType inv.chgPauseFlag inv.dcInAmp inv.dcInVol inv.dischargeType inv.fanState inv.invType
    inv.sysVer kit.availableDataLen kit.maxKitNum kit.productInfoDetails kit.protocolVersion
    latestTimeStamp mppt.beepState mppt.carOutAmp mppt.carOutVol mppt.carTemp mppt.chgPauseFlag
    mppt.chgState mppt.chgType mppt.dc24vState mppt.dc24vTemp mppt.dcdc12vAmp mppt.dcdc12vVol mppt.swVer
    mppt.xt60ChgType pd.acautooutPause pd.carState pd.carTemp pd.carUsedTime pd.carWatts pd.dcInUsedTime
    pd.dcOutState pd.ext3p8Port pd.ext4p8Port pd.extRj45Port pd.hysteresisAdd pd.icon* pd.invUsedTime
    pd.kit0 pd.kit1 pd.kit2 pd.lcdBrightness pd.minAcoutSoc pd.model pd.mpptUsedTime pd.relayswitchcnt
    pd.remainTime pd.sysVer pd.typccUsedTime pd.usbUsedTime pd.usbqcUsedTime pd.wifiAutoRcvy pd.wifiRssi
    pd.wifiVer pd.wirelessWatts
    """
)
_DELTA_2 = _names(
    """
    bms_emsStatus.bmsIsConnt bms_emsStatus.bmsModel bms_emsStatus.bmsWarState bms_emsStatus.chgAmp
    bms_emsStatus.chgCmd bms_emsStatus.chgDisCond bms_emsStatus.chgLinePlug bms_emsStatus.chgState
    bms_emsStatus.chgVol bms_emsStatus.dsgCmd bms_emsStatus.dsgDisCond bms_emsStatus.emsIsNormalFlag
    bms_emsStatus.emsVer bms_emsStatus.maxAvailNum bms_emsStatus.openBmsIdx bms_emsStatus.openUpsFlag
    bms_emsStatus.paraVolMax bms_emsStatus.paraVolMin bms_emsStatus.sysChgDsgState
    bms_emsStatus.maxCloseOilEb bms_emsStatus.minOpenOilEb bms_kitInfo.* bms_bmsInfo.* inv.FastChgWatts
    inv.SlowChgWatts inv.acChgRatedPower inv.acDipSwitch inv.acPassbyAutoEn inv.cfgAcEnabled
    inv.cfgAcOutFreq inv.cfgAcOutVol inv.cfgAcWorkMode inv.cfgAcXboost inv.chargerType inv.chgPauseFlag
    inv.dcInAmp inv.dcInVol inv.dischargeType inv.fanState inv.invType inv.prBalanceMode inv.reserved
    inv.standbyMins inv.sysVer mppt.carOutAmp mppt.carOutVol mppt.carOutWatts mppt.carStandbyMin
    mppt.cfgAcOutFreq mppt.cfgAcOutVol mppt.cfgChgType mppt.chgPauseFlag mppt.chgState mppt.chgType
    mppt.dc24vState mppt.dc24vTemp mppt.dcdc12vAmp mppt.dcdc12vVol mppt.dischargeType mppt.powStandbyMin
    mppt.res mppt.scrStandbyMin mppt.swVer mppt.x60ChgType pd.acAutoOnCfg pd.acAutoOutConfig
    pd.acAutoOutPause pd.acEnabled pd.beepMode pd.brightLevel pd.carState pd.carUsedTime pd.chargerType
    pd.dcInUsedTime pd.ext3p8Port pd.ext4p8Port pd.extRj45Port pd.hysteresisAdd pd.icoBytes pd.inWatts
    pd.inputWatts pd.invUsedTime pd.lcdOffSec pd.minAcoutSoc pd.model pd.mpptUsedTime pd.outWatts
    pd.outputWatts pd.relaySwitchCnt pd.remainTime pd.reserved pd.standbyMin pd.sysVer pd.typecUsedTime
    pd.usbUsedTime pd.usbqcUsedTime pd.wifiAutoRcvy pd.wifiRssi pd.wifiVer pd.wireWatts
    """
)
LEFT_OUT_POWERSTREAM = _names(
    """
    2_1* 2_2* 20_134.* 20_1.acOffFlag 20_1.acSetWatts 20_1.antiBackFlowFlag 20_1.batErrorInvLoadLimit
    20_1.batInputCur 20_1.batLoadLimitFlag 20_1.batOffFlag 20_1.batOpVolt 20_1.batOutputLoadLimit
    20_1.batStatue 20_1.batSystem 20_1.batWarningCode 20_1.bmsReqChgAmp 20_1.bmsReqChgVol 20_1.bpType
    20_1.consNum 20_1.consWatt 20_1.espTempsensor 20_1.feedProtect 20_1.fisoRxyz 20_1.floadLimitOut
    20_1.geneNum 20_1.geneWatt 20_1.heartbeatFrequency 20_1.history* 20_1.installCountry
    20_1.installTown 20_1.interfaceConnFlag 20_1.invLoadLimitFlag 20_1.invOpVolt 20_1.invOutputLoadLimit
    20_1.invRelayStatus 20_1.invStatue 20_1.invWarnCode 20_1.llcInputVolt 20_1.llcOffFlag 20_1.llcOpVolt
    20_1.llcStatue 20_1.llcWarningCode 20_1.meshId 20_1.meshLayel 20_1.mqtt* 20_1.noiseFloor
    20_1.parentMac 20_1.pv1CtrlMpptOffFlag 20_1.pv1OpVolt 20_1.pv1RelayStatus 20_1.pv1Statue
    20_1.pv1WarnCode 20_1.pv2CtrlMpptOffFlag 20_1.pv2OpVolt 20_1.pv2RelayStatus 20_1.pv2Statue
    20_1.pv2WarningCode 20_1.pvPowerLimitAcPower 20_1.pvToInvWatts 20_1.resetCount 20_1.resetReason
    20_1.selfMac 20_1.spaceDemandWatts 20_1.staIpAddr 20_1.stackFree 20_1.stackMinFree 20_1.updateTime
    20_1.uwloadLimitFlag 20_1.uwlowLightFlag 20_1.uwsocFlag 20_1.wifiConnectChannel 20_1.wifiEncryptMode
    20_1.wifiErr 20_1.wifiErrTime 20_1.wifiFirmwareVersion 20_1.wirelessErrCode 20_1.wirelessWarnCode
    """
)
LEFT_OUT_DELTA_PRO = (
    *_DELTA_PRO,
    *(f"{prefix}.{name}" for prefix in ("bmsMaster", "bmsSlave1", "bmsSlave2") for name in _PACK),
)
LEFT_OUT_DELTA_2 = (
    *_DELTA_2,
    *(
        f"{prefix}.{name}"
        for prefix in ("bms_bmsStatus", "bms_slave_bmsSlaveStatus_1", "bms_slave_bmsSlaveStatus_2")
        for name in _PACK
    ),
)
LEFT_OUT_RIVER_2 = (*LEFT_OUT_DELTA_2, "mppt.beepState", "pd.dcOutState")
